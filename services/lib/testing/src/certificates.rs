//! Certificates for tests.
#![expect(clippy::unwrap_used, reason = "a test can't continue without its certificates")]

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use usher_net::tls::Pair;

/// The host names for which [`Authority::sign`] signs.
const THIS_MACHINE: [&str; 2] = ["localhost", "127.0.0.1"];

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Default for Authority {
    fn default() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }
}

impl Authority {
    /// Writes its own certificate to `<name>.pem` in a directory.
    pub fn write(&self, directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(format!("{name}.pem"));
        fs::write(&path, &self.pem).unwrap();
        path
    }

    /// Signs a certificate for this machine, and writes it and its key to `<name>.pem` and `<name>.key`.
    pub fn sign(&self, directory: &Path, name: &str) -> Pair {
        self.sign_for(&THIS_MACHINE, directory, name)
    }

    /// Signs a certificate for other hosts.
    pub fn sign_for(&self, hosts: &[&str], directory: &Path, name: &str) -> Pair {
        let pair = Pair {
            certificate: directory.join(format!("{name}.pem")),
            key: directory.join(format!("{name}.key")),
        };
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(hosts).unwrap().signed_by(&key, &self.issuer).unwrap();
        fs::write(&pair.certificate, certificate.pem()).unwrap();
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&pair.key).unwrap();
        file.write_all(key.serialize_pem().as_bytes()).unwrap();
        pair
    }
}
