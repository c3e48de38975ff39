//! A simulated Microsoft Entra ID tenant that provisions into a SCIM endpoint: a generated directory that changes
//! from cycle to cycle, the provisioning job with its lookups before each write, both of its PATCH dialects, and a
//! model of what the server must contain.
//!
//! It sends and expects what Microsoft documents and public issue trackers report. It shares no code with the server,
//! so that a mistake is not made twice.

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
