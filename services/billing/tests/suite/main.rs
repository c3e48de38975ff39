//! The billing service against a real PostgreSQL, over gRPC.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod accounts;
mod append;
mod harness;
mod recount;
mod reference_cases;
mod statement;
