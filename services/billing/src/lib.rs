//! The billing service: the ledger of seats, and what they cost.

mod accounts;
pub mod calendar;
pub mod class;
pub mod counts;
mod error;
pub mod event;
mod grpc;
pub mod interval;
mod ledger;
pub mod money;
pub mod price;
mod prices;
mod service;
pub mod statement;
mod statements;
mod store;
mod usage;

pub use service::{Config, Service, StartError};

/// The schema of the billing database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/billing");
