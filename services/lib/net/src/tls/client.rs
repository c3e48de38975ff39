//! TLS of a channel.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;

use super::files::{self, Pair, Source, TlsError};
use super::kept::Kept;
use super::provider;

/// Whom a channel believes, and what it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFiles {
    /// PEM of the authorities one of which must have signed the server's certificate; else the system's.
    pub authorities: Option<PathBuf>,
    /// The certificate that is shown to servers that ask for one.
    pub pair: Option<Pair>,
}

/// TLS of channels. Clones share it. The default believes the system's authorities and shows nothing.
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
        sources.extend(files.pair.iter().flat_map(Source::of));
        let build = move |contents: &[Vec<u8>]| files.config(contents);
        Ok(Self(Some(Arc::new(Kept::load(sources, Box::new(build))?))))
    }

    /// Takes over what the files hold now. Connections that are open keep what they began with.
    pub fn reload(&self) {
        if let Some(kept) = &self.0 {
            kept.reload();
        }
    }

    /// What the next connection uses. The system's authorities are read when they are first needed, so that who has
    /// none is told so by the first `https://`.
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
    /// Of the authorities, the certificate and its key, as far as there are any.
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
