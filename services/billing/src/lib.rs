//! The billing service: the exact ledger of seats, and what they cost.

pub mod audit;
mod error;
mod grpc;
mod ingest;
mod invoicing;
mod jobs;
pub mod ledger;
pub mod limits;
mod methods;
mod reports;
mod service;
mod sql;
pub mod terms;
mod verification;

pub use crate::jobs::model::JobSettings;
pub use methods::METHODS;
pub use service::{Config, Service, StartError};
pub use verification::model::proof::{ProofKeyError, ProofKeys};

/// The schema of the billing database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/billing");
