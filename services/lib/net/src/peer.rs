//! Who is at the other end.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::activity::Activity;

/// The other end of the connection that a request came over; an extension of every request.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    activity: Arc<Activity>,
}

impl Peer {
    pub(crate) const fn new(address: SocketAddr, activity: Arc<Activity>) -> Self {
        Self { address, activity }
    }

    /// Its address: a proxy's, where one is between.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says that it is a service, which cancels calls whenever its own callers go away: not a flood.
    pub fn vouch(&self) {
        self.activity.vouch();
    }
}
