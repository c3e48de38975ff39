//! Strangers, one token and one workspace do their worst, and a quiet workspace must not notice.
//!
//! Each test starts the real program, a process for each role, with the limits of a new installation, and measures
//! a quiet workspace alone; then it measures the same beside each attack ([`siege::Siege::withstands`]). An attack is
//! any future that does harm for as long as it is polled; most are a request that many clients repeat
//! ([`attack::flood`]). To add one, add a call to the test of who can do it: `strangers` have no credential,
//! `token` has the token of one app, `workspace` a whole workspace or whoever holds its credentials.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod attack;
mod quiet;
mod siege;
mod strangers;
mod token;
mod workspace;
