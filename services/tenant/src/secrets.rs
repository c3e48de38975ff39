//! Stores and verifies secrets of 256 random bits: SCIM tokens and service keys.
//!
//! A secret is stored as a MAC under the service's own key, which is checked first and in microseconds, and as an
//! argon2id hash, which remains usable if that key is lost. Only a row without the MAC of a known key is checked by
//! its hash, in a separate queue; it then gets a MAC with its next use.

use usher_base::secret::{ScimToken, ServiceKey};

use crate::hashing::{HashError, Hasher};
use crate::keyring::{KeyedMac, Keyring};

/// A secret of 256 random bits.
pub(crate) trait RandomSecret {
    /// The whole text, which the MAC covers.
    fn text(&self) -> &[u8];
    /// The secret part, which the hash covers.
    fn hashed(&self) -> &[u8];
}

impl RandomSecret for ScimToken {
    fn text(&self) -> &[u8] {
        self.expose().as_bytes()
    }

    fn hashed(&self) -> &[u8] {
        self.secret()
    }
}

impl RandomSecret for ServiceKey {
    fn text(&self) -> &[u8] {
        self.expose().as_bytes()
    }

    fn hashed(&self) -> &[u8] {
        self.secret()
    }
}

/// The stored form of a secret.
#[derive(Clone, Debug)]
pub(crate) struct Protected {
    /// argon2id, as a PHC string.
    pub(crate) hash: String,
    pub(crate) mac: Option<KeyedMac>,
}

/// Stores and verifies secrets. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    keyring: Keyring,
    hasher: Hasher,
}

impl Secrets {
    pub(crate) fn new(keyring: Keyring, hasher: Hasher) -> Self {
        Self { keyring, hasher }
    }

    /// The form in which to store a new secret.
    pub(crate) async fn protect(&self, secret: &impl RandomSecret) -> Result<Protected, HashError> {
        let hash = self.hasher.hash_random(secret.hashed()).await?;
        Ok(Protected { hash, mac: Some(self.mac(secret)) })
    }

    /// The MAC of a verified secret, made with the newest key.
    pub(crate) fn mac(&self, secret: &impl RandomSecret) -> KeyedMac {
        self.keyring.mac(secret.text())
    }

    /// Whether a secret matches its stored form. Without a stored form the same work is done, so that the time does
    /// not reveal which lookup ids exist.
    pub(crate) async fn judge(
        &self,
        secret: &impl RandomSecret,
        stored: Option<&Protected>,
    ) -> Result<bool, HashError> {
        let mac = stored.and_then(|stored| stored.mac.as_ref());
        match (self.keyring.matches(secret.text(), mac), stored) {
            (Some(matches), _) => Ok(matches),
            (None, Some(stored)) => self.hasher.verify_random(secret.hashed(), &stored.hash).await,
            (None, None) => Ok(false),
        }
    }

    /// Whether a stored secret should get a MAC of the newest key.
    pub(crate) fn is_outdated(&self, stored: &Protected) -> bool {
        stored.mac.as_ref().is_none_or(|mac| !self.keyring.is_newest(&mac.key))
    }
}
