//! A Microsoft Entra ID tenant that provisions into a SCIM endpoint: a generated directory that
//! lives on from cycle to cycle, the provisioning job with its look-ups before each write, both
//! of its PATCH dialects, and a model of what the server must now have.
//!
//! What it sends and expects is what Microsoft documents and what public trackers report; nothing
//! here is shared with the server's own code, so that a mistake is not made twice.

pub mod attribute;
pub mod client;
pub mod dialect;
pub mod directory;
mod groups;
pub mod job;
pub mod mapping;
pub mod names;
pub mod person;
pub mod report;
pub mod team;
pub mod verify;

pub use client::EntraClient;
pub use dialect::Dialect;
pub use directory::{Directory, Population};
pub use job::{Job, JobOptions};
pub use report::Report;
pub use verify::Census;
