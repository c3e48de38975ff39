//! The billing service: the exact ledger of seats, and what they cost.

mod accounts;
mod allocations;
mod audit;
pub mod class;
mod closing;
mod commitment;
mod commitments;
mod corrections;
mod credit_notes;
mod draft;
mod error;
pub mod event;
mod forecast;
mod grpc;
pub mod interval;
mod invoice;
mod invoices;
mod jobs;
mod ledger;
pub mod limit;
mod limit_alerts;
mod limit_versions;
mod limits;
mod members;
mod movement;
pub mod overlay;
mod period;
mod pool_usage;
pub mod price;
mod prices;
pub mod rating;
mod reconciliation;
mod reports;
mod resync;
mod seat_status;
mod service;
pub mod share;
pub mod simulate;
mod statements;
mod store;
mod true_up;
mod usage;
mod verification;
mod watermarks;
mod what_if;
pub mod zone;

pub use jobs::JobSettings;
pub use service::{Config, Service, StartError};

/// The schema of the billing database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/billing");
