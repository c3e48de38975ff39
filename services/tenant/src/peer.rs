//! Who calls without a credential, as far as the network tells.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sha2::{Digest as _, Sha256};

/// A peer's address. Of IPv6 only the network of 64 bits counts, because one peer has all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// Of a call's connection.
    pub(crate) fn of<T>(request: &tonic::Request<T>) -> Self {
        Self::new(request.extensions().get::<usher_net::Peer>().map(usher_net::Peer::address))
    }

    /// Of the connection's other end. All those whose address is not known are one peer.
    pub(crate) fn new(address: Option<SocketAddr>) -> Self {
        let address =
            address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip().to_canonical());
        Self(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        })
    }

    /// One of so many places, always the same for a peer.
    pub(crate) fn place(self, places: u16) -> i32 {
        let digest = Sha256::digest(self.0.to_string().as_bytes());
        i32::from(u16::from_be_bytes([digest[0], digest[1]]) % places)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::new(Some(SocketAddr::new(address.parse().unwrap(), 1)))
    }

    #[test]
    fn a_network_of_64_bits_is_one_peer_and_a_mapped_address_is_its_own() {
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    }
}
