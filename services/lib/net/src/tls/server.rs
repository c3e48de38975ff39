//! TLS for ports.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;

use super::files::{self, Pair, Source, TlsError};
use super::kept::Kept;
use super::provider;
use crate::listener::Protocol;

/// The files of a port: its certificate, and the authorities of its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFiles {
    /// The port's certificate.
    pub pair: Pair,
    /// PEM file of the authorities that may sign a client's certificate. If `None`, clients need no certificate.
    pub clients: Option<PathBuf>,
}

/// The TLS configuration of a port. Clones share it.
#[derive(Clone)]
pub struct ServerTls(Arc<Kept<ServerConfig>>);

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

impl ServerTls {
    /// Reads the files for a port that speaks `protocol`.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(files: ServerFiles, protocol: Protocol) -> Result<Self, TlsError> {
        let mut sources = Vec::from(Source::of_pair(&files.pair));
        sources.extend(files.clients.clone().map(Source::public));
        let build = move |contents: &[Vec<u8>]| files.config(contents, protocol);
        Ok(Self(Arc::new(Kept::load(sources, Box::new(build))?)))
    }

    /// Reloads the files. Open connections keep their configuration.
    pub fn reload(&self) {
        self.0.reload();
    }

    /// The configuration for the next connection.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.0.current()
    }
}

impl ServerFiles {
    /// Builds the configuration from the certificate, the key and the authorities of the clients.
    fn config(&self, contents: &[Vec<u8>], protocol: Protocol) -> Result<ServerConfig, TlsError> {
        let Self { pair, clients } = self;
        let mut contents = contents.iter().map(Vec::as_slice);
        let mut next = || contents.next().unwrap_or_default();
        let chain = files::certificates(&pair.certificate, next())?;
        let key = files::key(&pair.key, next())?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let roots = Arc::new(files::authorities(path, next())?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                    .build()
                    .map_err(|error| TlsError::Authorities(path.clone(), error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config =
            builder.with_single_cert(chain, key).map_err(|error| TlsError::NoPair(pair.clone(), error))?;
        config.alpn_protocols = match protocol {
            Protocol::Http => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Protocol::Grpc => vec![b"h2".to_vec()],
        };
        Ok(config)
    }
}
