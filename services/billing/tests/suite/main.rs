//! The billing service's tests: rating as pure functions, and the service against a real
//! PostgreSQL, over gRPC.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod accounts;
mod append;
mod cases;
mod closing;
mod commitments;
mod corrections;
mod fold;
mod harness;
mod limits;
mod modes;
mod reconciliation;
mod recount;
mod reports;
mod statement;
