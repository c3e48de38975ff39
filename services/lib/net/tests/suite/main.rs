//! The listener over real sockets, with misbehaving peers.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is not as expected")]

mod encryption;
mod floods;
mod port;
mod rests;
mod silence;
mod wire;
