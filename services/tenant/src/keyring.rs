//! The tenant service's own keys, which come from a file and are never stored in the database. They authenticate the
//! secrets of tokens and service keys, and encrypt the private signing keys, so that access to the database alone
//! gives no access to anything else.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use usher_base::secret::ServerKey;

const NONCE: usize = 24;

/// Why the file contains no usable keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A line is not a key.
    #[error("line {0} is not a key; make a key file with `usher key-file <path>`")]
    Line(usize),
    /// There are no keys.
    #[error("it contains no key; make a key file with `usher key-file <path>`")]
    Empty,
}

/// A MAC, and the id of the key that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyedMac {
    pub(crate) key: String,
    pub(crate) mac: Vec<u8>,
}

/// Encrypted bytes, and the id of the key that encrypted them.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) key: String,
    /// Nonce and ciphertext.
    pub(crate) bytes: Vec<u8>,
}

/// The keys, newest first. The newest one is used for new MACs and encryption, and all of them for verification and
/// decryption. Clones share them.
#[derive(Clone)]
pub struct Keyring(Arc<[Key]>);

struct Key {
    id: String,
    macs: Hmac<Sha256>,
    seals: XChaCha20Poly1305,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Key {
    /// Each use has its own key, derived from the one in the file.
    fn new(key: &ServerKey) -> Self {
        let derived = |purpose: &[u8]| keyed(key.secret(), purpose);
        let macs = hmac(&derived(b"usher tenant: macs of secrets, version 1"));
        let sealing = derived(b"usher tenant: sealing of signing keys, version 1");
        Self { id: key.lookup_id().to_owned(), macs, seals: XChaCha20Poly1305::new(&sealing.into()) }
    }

    fn mac(&self, secret: &[u8]) -> Hmac<Sha256> {
        self.macs.clone().chain_update(secret)
    }
}

impl Keyring {
    /// Parses a key file: one key per line, the newest first. Skips empty lines and those that begin with `#`.
    ///
    /// # Errors
    /// A line is not a key, or there is no key.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if !line.is_empty() && !line.starts_with('#') {
                let key = ServerKey::parse(line).map_err(|_| KeyringError::Line(index + 1))?;
                keys.push(Key::new(&key));
            }
        }
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Self(keys.into())) }
    }

    /// Generates a keyring with one key.
    pub fn generate() -> Self {
        Self([Key::new(&ServerKey::generate())].into())
    }

    /// Makes the MAC of a secret with the newest key.
    pub(crate) fn mac(&self, secret: &[u8]) -> KeyedMac {
        let key = self.newest();
        KeyedMac { key: key.id.clone(), mac: key.mac(secret).finalize().into_bytes().to_vec() }
    }

    /// Whether a secret has this MAC. `None` if no known key made the MAC. The time depends neither on the position
    /// of a difference nor on whether there is a MAC.
    pub(crate) fn matches(&self, secret: &[u8], stored: Option<&KeyedMac>) -> Option<bool> {
        let maker = stored.and_then(|stored| self.find(&stored.key));
        let computed = maker.unwrap_or(self.newest()).mac(secret);
        let expected = stored.map_or([0; 32].as_slice(), |stored| &stored.mac);
        let matches = computed.verify_slice(expected).is_ok();
        maker.map(|_| matches)
    }

    /// Encrypts bytes for a purpose, with the newest key.
    pub(crate) fn seal(&self, purpose: &str, bytes: &[u8]) -> Option<Sealed> {
        let key = self.newest();
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: bytes, aad: purpose.as_bytes() };
        let sealed = key.seals.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(Sealed { key: key.id.clone(), bytes: [nonce.as_slice(), &sealed].concat() })
    }

    /// Decrypts bytes for a purpose. `None` if the key is unknown or anything was changed.
    pub(crate) fn open(&self, purpose: &str, sealed: &Sealed) -> Option<Vec<u8>> {
        let key = self.find(&sealed.key)?;
        let (nonce, bytes) = sealed.bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: bytes, aad: purpose.as_bytes() };
        key.seals.decrypt(&XNonce::from(*nonce), payload).ok()
    }

    /// Whether a key id is that of the newest key.
    pub(crate) fn is_newest(&self, key: &str) -> bool {
        self.newest().id == key
    }

    fn newest(&self) -> &Key {
        match &*self.0 {
            [newest, ..] => newest,
            [] => unreachable!("a keyring has at least one key"),
        }
    }

    fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::new_from_slice(key) {
        Ok(hmac) => hmac,
        Err(_) => unreachable!("HMAC accepts keys of any length"),
    }
}

fn keyed(key: &[u8], message: &[u8]) -> [u8; 32] {
    hmac(key).chain_update(message).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &ServerKey) -> String {
        format!("{}\n", key.expose())
    }

    #[test]
    fn a_rotated_keyring_verifies_with_the_old_key_and_signs_with_the_new_one() {
        let (old, new) = (ServerKey::generate(), ServerKey::generate());
        let before = Keyring::parse(&line(&old)).unwrap();
        let between = Keyring::parse(&format!("# newest first\n{}\n{}", line(&new), line(&old))).unwrap();
        let after = Keyring::parse(&line(&new)).unwrap();
        let mac = before.mac(b"secret");
        let sealed = before.seal("kid", b"private").unwrap();

        assert_eq!(between.matches(b"secret", Some(&mac)), Some(true));
        assert_eq!(between.open("kid", &sealed).unwrap(), b"private");
        assert!(!between.is_newest(&mac.key));
        assert_eq!(after.matches(b"secret", Some(&between.mac(b"secret"))), Some(true));
        assert_eq!(after.matches(b"secret", Some(&mac)), None, "the key was removed");
        assert!(after.open("kid", &sealed).is_none());
    }

    #[test]
    fn another_secret_no_mac_and_another_purpose_do_not_match() {
        let keyring = Keyring::generate();
        let mac = keyring.mac(b"secret");
        let sealed = keyring.seal("kid", b"private").unwrap();

        assert_eq!(keyring.matches(b"other", Some(&mac)), Some(false));
        assert_eq!(keyring.matches(b"secret", None), None);
        assert!(keyring.open("other", &sealed).is_none());
    }

    #[test]
    fn a_file_without_a_key_or_with_something_else_is_refused_by_line() {
        let key = ServerKey::generate();

        assert!(matches!(Keyring::parse("# nothing\n"), Err(KeyringError::Empty)));
        assert!(matches!(Keyring::parse(&format!("{}usv_x\n", line(&key))), Err(KeyringError::Line(2))));
    }
}
