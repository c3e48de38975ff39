//! The billing service: the exact ledger of seats, and what they cost.

mod accounts;
pub mod class;
mod error;
pub mod event;
mod grpc;
pub mod interval;
mod ledger;
pub mod price;
mod prices;
pub mod rating;
mod service;
pub mod simulate;
mod statements;
mod store;
mod usage;
pub mod zone;

pub use service::{Config, Service, StartError};

/// The schema of the billing database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/billing");
