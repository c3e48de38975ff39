//! The identity service: the users and groups of a workspace, their changes, and the number of seats in use.

mod attributes;
mod bookmarks;
mod change;
mod changes;
mod connection;
mod cursor;
mod domain_policy;
mod epochs;
mod erasure;
mod error;
mod group;
mod groups;
mod grpc;
mod kept_apart;
mod leaving;
mod log_tail;
mod members;
mod methods;
mod page_size;
mod person_names;
mod policy;
mod provenance;
mod query;
mod relay;
mod seat_state;
mod seats;
mod service;
mod store;
mod take_over;
mod user;
mod users;

pub use methods::METHODS;
pub use service::{Config, Service, StartError};

/// The schema of the identity database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/identity");
