//! The limits of a listener.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use ipnet::IpNet;

use crate::peer::network;

/// The maximum number of connections, and how long each may be inactive.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The maximum number of open connections. One more closes the oldest one that has no request in progress.
    pub places: usize,
    /// The maximum number of these from one address; further ones are refused. A /64 network of IPv6 counts as one
    /// address.
    pub per_address: usize,
    /// Networks whose addresses each stand for many clients, such as proxies. No limit by address applies to them.
    pub shared: Vec<IpNet>,
    /// How long to wait for a peer.
    pub patience: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        let loopback = [IpAddr::from([127, 0, 0, 0]), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let prefixes = [8, 128];
        let shared = loopback.into_iter().zip(prefixes);
        Self {
            places: 8_192,
            per_address: 256,
            shared: shared.map(|(address, prefix)| IpNet::new_assert(address, prefix)).collect(),
            patience: Patience::default(),
        }
    }
}

impl Limits {
    /// The address that a peer is counted under, or `None` if no limit by address applies to it.
    pub(crate) fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        let canonical = address.to_canonical();
        let is_shared = self.shared.iter().any(|network| network.contains(&canonical));
        (!is_shared).then(|| network(address))
    }
}

/// How long to wait for a peer before its connection is closed.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the complete head of the first request, including the TLS and HTTP/2 handshakes. Over HTTP/1 also for
    /// every later head, from its first byte on.
    pub head: Duration,
    /// For the next request. An HTTP/2 connection then gets GOAWAY.
    pub idle: Duration,
    /// For receiving each 64 KiB of an answer.
    pub answer: Duration,
    /// For closing the connection after it was told to.
    pub farewell: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            answer: Duration::from_mins(1),
            farewell: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_address_and_a_mapped_address_is_ipv4() {
        let limits = Limits::default();
        let counted = |text: &str| limits.counted(text.parse().unwrap()).map(|address| address.to_string());

        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), counted("2001:db8:1:2::1"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_eq!(counted("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn addresses_of_this_machine_are_not_limited() {
        let limits = Limits::default();

        for local in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(limits.counted(local.parse().unwrap()), None, "{local}");
        }
        assert!(limits.counted("192.0.2.1".parse().unwrap()).is_some());
    }
}
