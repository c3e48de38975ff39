//! Unauthenticated clients, the holder of one token, or a whole workspace attack Usher, and a quiet workspace must
//! not notice.
//!
//! Each test starts the real program, one process per role, with the limits of a new installation, and measures a
//! quiet workspace alone. Then it measures the same beside each attack ([`siege::Siege::withstands`]): no request
//! fails, the 99th percentile stays within limits, and no role takes much more memory than before. An attack is any
//! future that does harm while it is polled; most are a request that many clients repeat ([`attack::flood`]). The
//! answers to the attackers are asserted too. To add an attack, add it to the test of whoever can do it, which shares
//! the program with the others: `unauthenticated` have no credential, `connections` only connect, `token` and `values` have
//! the token of one app, `workspace` has a whole workspace or its credentials. An attacker with a workspace has a
//! separate one, so that it is not limited because of another attacker.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod attack;
mod connections;
mod quiet;
mod siege;
mod token;
mod unauthenticated;
mod values;
mod workspace;
