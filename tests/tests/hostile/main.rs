//! Strangers, one token and one workspace do their worst, and a quiet workspace must not notice.
//!
//! Each test starts the real program, a process for each role, with the limits of a new installation, and measures
//! a quiet workspace alone; then it measures the same beside each attack ([`siege::Siege::withstands`]): no request
//! fails, the 99th percentile stays within bounds, no role takes much more memory than before. An attack is any future
//! that does harm for as long as it is polled; most are a request that many clients repeat ([`attack::flood`]). What the
//! attackers are told is asserted too. To add one, add it to the test of who can do it, where it shares the program with
//! the others: `strangers` have no credential, `connections` only connect, `token` and `values` have the token of one app,
//! `workspace` a whole workspace or whoever holds its credentials. An attacker with a workspace has one of its own, so
//! that it is not held back for what another one did.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod attack;
mod connections;
mod quiet;
mod siege;
mod strangers;
mod token;
mod values;
mod workspace;
