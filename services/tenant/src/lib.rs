//! The tenant service: workspaces, plans, approved domains, admins, apps and tokens. It checks tokens and passwords,
//! and signs the credentials that all services trust.

mod access;
mod admins;
mod announcements;
mod apps;
mod attempts;
mod audit;
mod authority;
mod domains;
mod error;
mod expiry;
mod grpc;
mod hashing;
mod keyring;
mod methods;
mod peer;
mod peer_rate_limit;
mod plans;
mod policies;
mod provisioning_log;
mod queue;
mod reach;
mod secrets;
mod service;
mod service_keys;
mod sign_in;
mod signer;
mod store;
mod tokens;
mod workspaces;

pub use error::TenantError;
pub use keyring::{Keyring, KeyringError};
pub use methods::METHODS;
pub use service::{Config, Service, StartError};
pub use service_keys::{ServiceKeys, UnknownService};

/// The schema of the tenant database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/tenant");
