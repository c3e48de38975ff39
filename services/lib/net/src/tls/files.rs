//! Reads PEM files.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The files of a certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// PEM: the certificate first, then the intermediate certificates.
    pub certificate: PathBuf,
    /// PEM: PKCS #8, PKCS #1 or SEC 1. Other users must be able neither to read nor to change it.
    pub key: PathBuf,
}

/// Why files can't be used for TLS.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum TlsError {
    #[error("{0} can't be read")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("other users can read or change the key file {0}; run: chmod 600 {0}")]
    Exposed(PathBuf),
    #[error("{0} holds no certificate in PEM form")]
    NoCertificate(PathBuf),
    #[error("{0} holds no private key in PEM form")]
    NoKey(PathBuf),
    #[error("the certificate {certificate} and the key {key} do not belong together", certificate = .0.certificate.display(), key = .0.key.display())]
    NoPair(Pair, #[source] rustls::Error),
    #[error("the authorities of {0} can't be used: {1}")]
    Authorities(PathBuf, String),
    #[error(
        "this system has no trusted authorities; install ca-certificates, or name a file with the \
         authorities to trust"
    )]
    NoAuthorities,
    #[error("TLS can't be initialised")]
    Setup(#[source] rustls::Error),
}

/// A TLS file, and whether it contains a secret.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    secret: bool,
}

impl Source {
    pub(super) fn public(path: PathBuf) -> Self {
        Self { path, secret: false }
    }

    /// The two files of a pair: certificate and key.
    pub(super) fn of_pair(pair: &Pair) -> [Self; 2] {
        [Self::public(pair.certificate.clone()), Self { path: pair.key.clone(), secret: true }]
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, TlsError> {
        let unreadable = |error| TlsError::Unreadable(self.path.clone(), error);
        let mode = fs::metadata(&self.path).map_err(unreadable)?.permissions().mode();
        if self.secret && mode & 0o027 != 0 {
            return Err(TlsError::Exposed(self.path.clone()));
        }
        fs::read(&self.path).map_err(unreadable)
    }
}

/// The certificates in a file, in order.
pub(super) fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| TlsError::NoCertificate(path.to_owned()))
}

/// The key in a file.
pub(super) fn key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::NoKey(path.to_owned()))
}

/// The authorities in a file, all of which must be usable.
pub(super) fn authorities(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        let added = store.add(certificate);
        added.map_err(|error| TlsError::Authorities(path.to_owned(), error.to_string()))?;
    }
    Ok(store)
}

/// The authorities that this system trusts.
pub(super) fn system_authorities() -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(store) }
}
