//! Both sides of a gRPC call: what a server checks and records before a method runs, how errors are transmitted, and
//! how clients connect, authenticate and time out.

#![warn(missing_docs)]

mod bounds;
mod call_recorder;
mod channels;
pub mod client;
pub mod convert;
mod failure;
mod health;
mod key_source;
mod layer;
mod method;
mod open;
mod page;
mod pollers;
mod readiness;
mod server;
mod service_credential;
mod slots;
mod slugs;
mod status;
mod stream;
mod streaming;
mod suspensions;
mod tasks;
mod unauthenticated;
mod verifier;
mod wire_enum;
mod workbench;

pub use call_recorder::begin_counters;
pub use channels::{Channels, Interrupted};
pub use client::{Outgoing, connect};
pub use failure::Failure;
pub use key_source::{KeySource, KeySourceError, StaticKeys, TenantKeys};
pub use method::Method;
pub use open::open;
pub use page::page;
pub use pollers::{Poll, Pollers};
pub use readiness::{Check, Readiness, Ready};
pub use server::{Server, ServerConfig};
pub use service_credential::ServiceCredential;
pub use slugs::{SlugLookup, Slugs, TenantSlugs};
pub use status::{ERROR_DOMAIN, status};
pub use suspensions::Suspensions;
pub use tasks::Tasks;
pub use verifier::Verifier;
pub use wire_enum::{
    WireEnum, cap_of_wire, cap_to_wire, enum_name, optional_enum, optional_to_wire, required_enum,
};
pub use workbench::Workbench;

/// Metadata key of the workspace that a service or operator asks about: its id or slug.
pub const WORKSPACE_KEY: &str = "usher-workspace";
/// Metadata key of the request's id, in requests and answers.
pub const REQUEST_ID_KEY: &str = "x-request-id";
/// Metadata key of the trace (W3C Trace Context).
pub const TRACE_KEY: &str = "traceparent";
