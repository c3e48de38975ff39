//! Who is at the other end.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::activity::Activity;

/// The other end of the connection that a request came over; an extension of every request.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    counted: Option<IpAddr>,
    activity: Arc<Activity>,
}

/// The address that counts, of an address: IPv4 as it is, also where it is written as IPv6, and of IPv6 the network of
/// 64 bits, because one peer has all of it.
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

    /// Its address: a proxy's, where one is between.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is counted as wherever something is limited by address: its [`network`]. `None` if its address stands
    /// for many clients, as a proxy's does (`Limits::shared`): no limit by address holds for it.
    pub const fn counted(&self) -> Option<IpAddr> {
        self.counted
    }

    /// Says that it is a service, which cancels calls whenever its own callers go away: not a flood.
    pub fn vouch(&self) {
        self.activity.vouch();
    }

    /// Whether somebody said so.
    pub fn is_vouched(&self) -> bool {
        self.activity.is_vouched()
    }
}
