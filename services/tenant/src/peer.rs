//! The peer of a call without a credential, as far as the network reveals it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use sha2::{Digest as _, Sha256};

/// A peer, identified by its counted address ([`usher_net::network`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    network: IpAddr,
    /// Whether the address stands for many clients, as a proxy's does.
    is_shared: bool,
}

impl Peer {
    /// The peer of a call's connection. All peers whose address is unknown are one.
    pub(crate) fn from_request<T>(request: &tonic::Request<T>) -> Self {
        let unknown = Self { network: IpAddr::V4(Ipv4Addr::UNSPECIFIED), is_shared: false };
        request.extensions().get::<usher_net::Peer>().map_or(unknown, |peer| Self {
            network: usher_net::network(peer.address().ip()),
            is_shared: peer.counted().is_none(),
        })
    }

    /// The peer, if it can be limited by its address. `None` if the address stands for many clients, which are
    /// limited by workspace and account instead.
    pub(crate) fn limited(self) -> Option<Self> {
        (!self.is_shared).then_some(self)
    }

    /// Maps a peer to one of `places` counters, always the same one.
    pub(crate) fn place(self, places: u16) -> i32 {
        let digest = Sha256::digest(self.network.to_string().as_bytes());
        i32::from(u16::from_be_bytes([digest[0], digest[1]]) % places)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network.fmt(f)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A peer at an address, which may be shared.
    pub(crate) fn peer(address: &str, is_shared: bool) -> Peer {
        Peer { network: usher_net::network(address.parse().unwrap()), is_shared }
    }

    #[test]
    fn a_peer_at_a_shared_address_is_not_limited() {
        assert!(peer("192.0.2.1", true).limited().is_none());
        assert!(peer("192.0.2.1", false).limited().is_some());
    }
}
