//! The listener over real sockets, with peers that do what no client should.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it must be"
)]

mod encryption;
mod floods;
mod port;
mod rests;
mod silence;
mod wire;
