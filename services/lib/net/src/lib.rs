//! Connections: the one listener that every port is served by, the way to other services, TLS on both, and what a
//! process may have open.

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
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;

pub use dial::{Dial, is_loopback, is_protected};
pub use limits::{Limits, Patience};
pub use listener::{Listener, Protocol};
pub use peer::{Peer, network};
pub use refusals::{Explain, Explanation};
pub use request::RequestBody;
