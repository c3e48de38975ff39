//! The billing service's tests.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod cases;
mod modes;
mod recount;
