//! The peer of a connection.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::activity::Activity;

/// The peer of the connection that a request arrived on. It is an extension of every request.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    counted: Option<IpAddr>,
    activity: Arc<Activity>,
}

/// The address under which a peer is counted: an IPv4 address itself, also in IPv6 form; for IPv6 the /64 network,
/// because one peer usually has all of it.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(whole) => IpAddr::V6(Ipv6Addr::from_bits(whole.to_bits() >> 64 << 64)),
        whole @ IpAddr::V4(_) => whole,
    }
}

impl Peer {
    pub(crate) const fn new(address: SocketAddr, counted: Option<IpAddr>, activity: Arc<Activity>) -> Self {
        Self { address, counted, activity }
    }

    /// The peer's address, or that of a proxy in between.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to use wherever something is limited by address: its [`network`]. `None` if the address stands for
    /// many clients, as a proxy's does (`Limits::shared`): then no limit by address applies.
    pub const fn counted(&self) -> Option<IpAddr> {
        self.counted
    }

    /// Records that the peer is a service. A service cancels calls whenever its own callers disconnect, which is not
    /// a flood.
    pub fn vouch(&self) {
        self.activity.vouch();
    }

    /// Whether the peer is known to be a service.
    pub fn is_vouched(&self) -> bool {
        self.activity.is_vouched()
    }
}
