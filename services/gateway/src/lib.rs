//! The gateway: SCIM over HTTP for identity providers. It has no database and no signing key. It asks tenant who the
//! caller is, and identity to do the work.

mod access;
mod announcements;
mod body;
mod bulk;
mod caller;
mod encoding;
mod gateway;
mod grpc;
mod headers;
mod health;
mod kind;
mod layers;
mod leaving;
mod location;
mod path;
mod precondition;
mod problem;
mod provisioning_log;
mod query;
mod rate;
mod respond;
mod router;
mod scim;
mod service;
mod slots;
mod unreadable;

pub use layers::begin_counters;
pub use scim::openapi::operations;
pub use service::{Config, Service, StartError};
