//! Connects to other services.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tower::{Service, ServiceExt as _};

use crate::tls::ClientTls;

/// The idle time after which TCP checks that the peer is still alive.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Connects for HTTP/2: to `http://` without encryption, to `https://` with TLS, and to no other scheme.
#[derive(Clone, Debug)]
pub struct Dial {
    tcp: HttpConnector,
    tls: ClientTls,
}

type Io = TokioIo<Either<TcpStream, Box<TlsStream<TcpStream>>>>;

impl Dial {
    /// Creates a connector that uses `tls` for encrypted connections.
    pub fn new(tls: ClientTls) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        Self { tcp, tls }
    }

    /// Connects.
    ///
    /// # Errors
    /// The URL has another scheme, the peer is not reachable, or it can't prove that it is the host in the URL.
    pub async fn connect(self, uri: &Uri) -> io::Result<Io> {
        let refused = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        let encrypted = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(refused(format!("{uri} is neither http:// nor https://"))),
        };
        let name = bare_host(uri).ok_or_else(|| refused(format!("{uri} names no host")))?.to_owned();
        let stream = self.tcp.oneshot(uri.clone()).await.map_err(io::Error::other)?.into_inner();
        if !encrypted {
            return Ok(TokioIo::new(Either::Left(stream)));
        }
        let name = ServerName::try_from(name).map_err(|error| refused(error.to_string()))?;
        let config = self.tls.current().map_err(io::Error::other)?;
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{uri} does not speak HTTP/2")));
        }
        Ok(TokioIo::new(Either::Right(Box::new(stream))))
    }
}

impl Service<Uri> for Dial {
    type Response = Io;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Io>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { dial.connect(&uri).await })
    }
}

/// Whether the data that [`Dial`] sends to a URL is encrypted or stays on this machine. `false` for an invalid URL.
pub fn is_protected(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => {
            bare_host(&uri).is_some_and(|host| host == "localhost" || host.parse().is_ok_and(is_loopback))
        }
        _ => false,
    }
}

/// Whether only this machine can reach an address, including an IPv4 address in IPv6 form.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The host of a URL; an IPv6 address without its brackets.
fn bare_host(uri: &Uri) -> Option<&str> {
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_protected_where_it_is_encrypted_or_stays_here() {
        for url in ["https://a.example", "http://127.0.0.1:1", "http://localhost/x", "http://[::1]:2"] {
            assert!(is_protected(url), "{url}");
        }
        for url in [
            "http://a.example",
            "http://localhost.a.example:1",
            "http://127.0.0.1.a.example",
            "http://127.0.0.1@a.example",
            "http://10.0.0.7:9101",
            "http://0.0.0.0:9101",
            "ftp://localhost",
            "localhost:9101",
            "",
        ] {
            assert!(!is_protected(url), "{url}");
        }
    }
}
