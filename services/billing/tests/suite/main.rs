//! Tests of the billing service: rating as pure functions, and the service over gRPC, with a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod accepted;
mod accounts;
mod append;
mod cases;
mod clock;
mod clock_ahead;
mod closing;
mod commitments;
mod corrections;
mod credit_notes;
mod currencies;
mod fold;
mod forecast;
mod harness;
mod invariants;
mod jobs;
mod limit_watch;
mod limits;
mod modes;
mod previews;
mod proof;
mod reconciliation;
mod recount;
mod reports;
mod setting;
mod statement;
mod tampering;
mod usage;
mod withdrawals;
mod words;
mod workspace;
