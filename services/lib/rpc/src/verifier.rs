//! Verification of credentials, with memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, RwLock};
use usher_base::{Audience, Clock, Credential, CredentialError, Fault, KeySet, Reason};

use crate::key_source::{KeySource, KeySourceError};

/// How often an unknown key id may make us ask for the keys again.
const REFETCH: Duration = Duration::from_millis(500);
/// A verified credential is remembered until it ends; this many at most.
const REMEMBERED: u64 = 100_000;

/// Verifies credentials for one audience. Clones share keys and memory.
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<dyn KeySource>,
    audience: Audience,
    clock: Clock,
    keys: RwLock<KeySet>,
    fetched: Mutex<Option<Instant>>,
    verified: Cache<[u8; 32], Arc<Credential>>,
}

/// Why a call is not let in.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The caller's doing.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// There are no keys to judge by.
    #[error(transparent)]
    Keys(#[from] KeySourceError),
}

impl Fault for VerifyError {
    fn reason(&self) -> Reason {
        match self {
            Self::Credential(error) => error.reason(),
            Self::Keys(_) => Reason::Unavailable,
        }
    }
}

impl Verifier {
    /// Verifies for `audience` with keys from `source`.
    pub fn new(source: impl KeySource, audience: Audience, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner {
                source: Box::new(source),
                audience,
                clock,
                keys: RwLock::default(),
                fetched: Mutex::default(),
                verified: Cache::new(REMEMBERED),
            }),
        }
    }

    /// Verifies a credential: from memory, or by its signature. An unknown key makes it ask for
    /// the keys again; while they can't be had, the known ones go on to serve.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify(&self, token: &str) -> Result<Arc<Credential>, VerifyError> {
        let now = self.inner.clock.now();
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(credential) = self.inner.verified.get(&digest) {
            if now < credential.expires_at() {
                return Ok(credential);
            }
            return Err(CredentialError::Expired.into());
        }
        let first = self.inner.keys.read().await.verify(token, self.inner.audience, now);
        let credential = match first {
            Err(CredentialError::UnknownKey(_)) => {
                self.refetch().await?;
                self.inner.keys.read().await.verify(token, self.inner.audience, now)?
            }
            other => other?,
        };
        let credential = Arc::new(credential);
        self.inner.verified.insert(digest, Arc::clone(&credential));
        Ok(credential)
    }

    /// Asks for the keys, at most once in [`REFETCH`]. Whoever comes sooner waits rather than being
    /// refused: a credential of a key that was just made is good.
    async fn refetch(&self) -> Result<(), KeySourceError> {
        let came = Instant::now();
        let mut fetched = self.inner.fetched.lock().await;
        match *fetched {
            // Asked after we came, so the answer knows everything that we could ask about.
            Some(at) if at > came => return Ok(()),
            Some(at) => tokio::time::sleep_until((at + REFETCH).into()).await,
            None => {}
        }
        let asked = Instant::now();
        match self.inner.source.keys().await {
            Ok(keys) => *self.inner.keys.write().await = keys,
            Err(error) if self.inner.keys.read().await.is_empty() => return Err(error),
            Err(error) => tracing::warn!(%error, "going on with the keys at hand"),
        }
        *fetched = Some(asked);
        Ok(())
    }
}
