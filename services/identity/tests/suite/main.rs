//! The identity service over gRPC, on a real database, with the real tenant service.
#![expect(clippy::unwrap_used, reason = "a test ends when something is not as expected")]

mod caller;
mod change_log;
mod clock;
mod connections;
mod custom_attributes;
mod groups;
mod life_cycle;
mod lists;
mod membership;
mod names;
mod returners;
mod site;
mod streams;
