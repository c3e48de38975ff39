//! TLS for channels.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;

use super::files::{self, Pair, Source, TlsError};
use super::kept::Kept;
use super::provider;

/// The files of a channel: the trusted authorities, and its own certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFiles {
    /// PEM file of the authorities that may sign the server's certificate. `None` means the system's authorities.
    pub authorities: Option<PathBuf>,
    /// The certificate for servers that request one.
    pub pair: Option<Pair>,
}

/// The TLS configuration of channels. Clones share it. The default trusts the system's authorities and has no
/// certificate.
#[derive(Clone, Default)]
pub struct ClientTls(Option<Arc<Kept<ClientConfig>>>);

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}

impl ClientTls {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(files: ClientFiles) -> Result<Self, TlsError> {
        if files == ClientFiles::default() {
            return Ok(Self::default());
        }
        let mut sources: Vec<Source> = files.authorities.iter().cloned().map(Source::public).collect();
        sources.extend(files.pair.iter().flat_map(Source::of_pair));
        let build = move |contents: &[Vec<u8>]| files.config(contents);
        Ok(Self(Some(Arc::new(Kept::load(sources, Box::new(build))?))))
    }

    /// Reloads the files. Open connections keep their configuration.
    pub fn reload(&self) {
        if let Some(kept) = &self.0 {
            kept.reload();
        }
    }

    /// The configuration for the next connection. The system's authorities are loaded when they are first needed, so
    /// that their absence is reported with the first `https://` connection.
    pub(crate) fn current(&self) -> Result<Arc<ClientConfig>, TlsError> {
        static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        match (&self.0, SYSTEM.get()) {
            (Some(kept), _) => Ok(kept.current()),
            (None, Some(config)) => Ok(Arc::clone(config)),
            (None, None) => {
                let config = Arc::new(ClientFiles::default().config(&[])?);
                Ok(Arc::clone(SYSTEM.get_or_init(|| config)))
            }
        }
    }
}

impl ClientFiles {
    /// Builds the configuration from the authorities, the certificate and the key, where they exist.
    fn config(&self, contents: &[Vec<u8>]) -> Result<ClientConfig, TlsError> {
        let mut contents = contents.iter().map(Vec::as_slice);
        let mut next = || contents.next().unwrap_or_default();
        let roots = match &self.authorities {
            Some(path) => files::authorities(path, next())?,
            None => files::system_authorities()?,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_root_certificates(roots);
        let mut config = match &self.pair {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let chain = files::certificates(&pair.certificate, next())?;
                let key = files::key(&pair.key, next())?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| TlsError::NoPair(pair.clone(), error))?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}
