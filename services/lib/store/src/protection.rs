//! Whether the connection to a database could be read on its way.

use std::net::IpAddr;
use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// Whether a database URL refers to a socket or an address of this machine, or to a server whose certificate must
/// prove that it is the host in the URL. An invalid URL is not refused here, but when it is opened.
pub fn is_protected(url: &str) -> bool {
    let Ok(options) = PgConnectOptions::from_str(url) else { return true };
    let host = options.get_host();
    let is_local = || {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
    };
    // If no host is named, the directory of the socket is the host.
    let is_socket = options.get_socket().is_some() || host.starts_with('/');
    is_socket || is_local() || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_of_this_machine_or_one_that_proves_who_it_is_is_protected() {
        for url in [
            "postgres://usher_tenant@127.0.0.1/usher_tenant",
            "postgres://usher_tenant@localhost/usher_tenant",
            "postgres://usher_tenant@[::1]/usher_tenant",
            "postgres://usher_tenant@%2Fvar%2Frun%2Fpostgresql/usher_tenant",
            "postgres://usher_tenant@localhost/usher_tenant?host=/var/run/postgresql",
            "postgres://usher_tenant@db.internal/usher_tenant?sslmode=verify-full&sslrootcert=ca.pem",
        ] {
            assert!(is_protected(url), "{url}");
        }
        for url in [
            "postgres://usher_tenant@db.internal/usher_tenant",
            "postgres://usher_tenant@db.internal/usher_tenant?sslmode=prefer",
            "postgres://usher_tenant@db.internal/usher_tenant?sslmode=require",
            "postgres://usher_tenant@10.0.0.5/usher_tenant?sslmode=verify-ca",
            "postgres://usher_tenant@localhost/usher_tenant?host=db.internal",
        ] {
            assert!(!is_protected(url), "{url}");
        }
    }
}
