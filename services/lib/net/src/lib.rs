//! Connections: the one listener that every port is served by, and what a process may have open.

mod activity;
mod answer;
mod connection;
pub mod descriptors;
mod frames;
mod limits;
mod listener;
mod peer;
mod registry;

pub use limits::{Limits, Patience};
pub use listener::{Listener, Protocol};
pub use peer::Peer;
