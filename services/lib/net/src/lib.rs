//! Connections: the listener that serves every port, connections to other services, TLS for both, and the limit on
//! file descriptors.

#![warn(missing_docs)]

mod activity;
mod answer;
mod connection;
pub mod descriptors;
mod dial;
mod frames;
mod limits;
mod listener;
mod peer;
mod refusals;
mod registry;
mod request;
pub mod tls;

pub use dial::{Dial, is_loopback, is_protected};
pub use limits::{Limits, Patience};
pub use listener::{Listener, Protocol};
pub use peer::{Peer, network};
pub use refusals::{Explain, Explanation};
pub use request::RequestBody;
