//! Verifies credentials, with a cache.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, Semaphore};
use tonic::Status;
use usher_base::{Audience, Clock, Credential, CredentialError, Denied, Fault, KeySet, Reason};

use crate::key_source::{KeySource, KeySourceError};
use crate::status::status;

/// The minimum time between two fetches of the keys.
const REFETCH: Duration = Duration::from_millis(500);
/// Keys older than this are fetched again by one of the incoming calls.
const FRESH: Duration = Duration::from_secs(10);
/// Keys older than this are not trusted, because one of them may have been revoked.
const MAX_AGE: Duration = Duration::from_secs(30);
/// The maximum number of cached credentials. Each stays cached until it expires.
const REMEMBERED: u64 = 100_000;
/// The maximum number of unknown key ids that are cached, for a limited time. Anybody can make up key ids.
const UNKNOWN: u64 = 10_000;
const UNKNOWN_FOR: Duration = Duration::from_secs(10);
/// The maximum number of calls that wait for the keys. Further ones are asked to try again.
const WAITING: usize = 256;

/// Verifies credentials for one audience. Clones share the keys and the cache.
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<dyn KeySource>,
    audience: Audience,
    clock: Clock,
    keys: RwLock<Arc<Held>>,
    fetched: Mutex<Option<Instant>>,
    waiting: Semaphore,
    unknown: Cache<String, ()>,
    verified: Cache<[u8; 32], Arc<Credential>>,
}

/// The keys, and when they were fetched.
#[derive(Default)]
struct Held {
    keys: KeySet,
    asked: Option<Instant>,
}

/// Why a call is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The credential is at fault.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The credential does not permit the call.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No current keys are available.
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    /// Too many calls name unknown keys.
    #[error("too many calls are waiting for the keys that verify credentials; try again")]
    Busy,
}

impl Fault for VerifyError {
    fn reason(&self) -> Reason {
        match self {
            Self::Credential(error) => error.reason(),
            Self::Denied(error) => error.reason(),
            Self::Keys(_) => Reason::Unavailable,
            Self::Busy => Reason::Overloaded,
        }
    }
}

impl From<VerifyError> for Status {
    fn from(error: VerifyError) -> Self {
        status(error)
    }
}

impl Verifier {
    /// Creates a verifier for `audience` with keys from `source`.
    pub fn new(source: impl KeySource, audience: Audience, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner {
                source: Box::new(source),
                audience,
                clock,
                keys: RwLock::default(),
                fetched: Mutex::default(),
                waiting: Semaphore::new(WAITING),
                unknown: Cache::builder().max_capacity(UNKNOWN).time_to_live(UNKNOWN_FOR).build(),
                verified: Cache::new(REMEMBERED),
            }),
        }
    }

    /// Verifies a credential, from the cache or by its signature. If its key is unknown, the keys are fetched again.
    /// While they can't be fetched, the known keys stay in use.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify(&self, token: &str) -> Result<Arc<Credential>, VerifyError> {
        self.freshen().await?;
        let now = self.inner.clock.now();
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(credential) = self.inner.verified.get(&digest) {
            if now >= credential.expires_at() {
                return Err(CredentialError::Expired.into());
            }
            if self.held().keys.still_trusts(&credential) {
                return Ok(credential);
            }
            self.inner.verified.invalidate(&digest);
        }
        let first = self.held().keys.verify(token, self.inner.audience, now);
        let credential = match first {
            Err(CredentialError::UnknownKey(kid)) => self.verify_again(kid, token, now).await?,
            other => other?,
        };
        let credential = Arc::new(credential);
        self.inner.verified.insert(digest, Arc::clone(&credential));
        Ok(credential)
    }

    /// Checks that a credential that was verified before is still valid: since then its signing key may have been
    /// revoked, or its bearer's sessions ended.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub(crate) async fn verify_still(&self, credential: &Credential) -> Result<(), VerifyError> {
        if self.inner.clock.now() >= credential.expires_at() {
            return Err(CredentialError::Expired.into());
        }
        self.freshen().await?;
        if self.held().keys.still_trusts(credential) { Ok(()) } else { Err(CredentialError::Invalid.into()) }
    }

    /// Verifies with keys that were fetched after the call arrived, unless the named key is known not to exist.
    async fn verify_again(
        &self,
        kid: String,
        token: &str,
        now: Timestamp,
    ) -> Result<Credential, VerifyError> {
        if self.inner.unknown.contains_key(&kid) {
            return Err(CredentialError::UnknownKey(kid).into());
        }
        let _place = self.inner.waiting.try_acquire().map_err(|_| VerifyError::Busy)?;
        self.refetch().await?;
        let verified = self.held().keys.verify(token, self.inner.audience, now);
        if let Err(CredentialError::UnknownKey(kid)) = &verified {
            self.inner.unknown.insert(kid.clone(), ());
        }
        Ok(verified?)
    }

    /// Fetches the keys again if they are too old. If that fails, the current ones are used until [`MAX_AGE`].
    async fn freshen(&self) -> Result<(), KeySourceError> {
        match self.age() {
            // The first credential triggers the first fetch.
            None => Ok(()),
            Some(age) if age < FRESH => Ok(()),
            Some(age) if age < MAX_AGE => {
                if let Ok(mut fetched) = self.inner.fetched.try_lock()
                    && fetched.is_none_or(|at| at.elapsed() > REFETCH)
                {
                    self.fetch(&mut fetched).await?;
                }
                Ok(())
            }
            Some(_) => self.refetch().await,
        }
    }

    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.inner.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn hold(&self, held: Held) {
        *self.inner.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
    }

    fn age(&self) -> Option<Duration> {
        self.held().asked.map(|asked| asked.elapsed())
    }

    /// Fetches the keys, at most once per [`REFETCH`]. Callers within this time wait and are not refused, because a
    /// credential of a new key is valid.
    async fn refetch(&self) -> Result<(), KeySourceError> {
        let came = Instant::now();
        let mut fetched = self.inner.fetched.lock().await;
        match *fetched {
            // Fetched after this call arrived, so the keys include any that it can name.
            Some(at) if at > came => return self.check_age(),
            Some(at) => tokio::time::sleep_until((at + REFETCH).into()).await,
            None => {}
        }
        self.fetch(&mut fetched).await
    }

    async fn fetch(&self, fetched: &mut Option<Instant>) -> Result<(), KeySourceError> {
        let asked = Instant::now();
        let answer = self.inner.source.keys().await;
        *fetched = Some(asked);
        match answer {
            Ok(keys) => self.hold(Held { keys, asked: Some(asked) }),
            Err(error) => {
                tracing::warn!(%error, "can't fetch the keys that verify credentials");
                return self.check_age();
            }
        }
        Ok(())
    }

    /// Returns an error if the keys are too old, or if there are none.
    fn check_age(&self) -> Result<(), KeySourceError> {
        match self.age() {
            Some(age) if age < MAX_AGE => Ok(()),
            _ => Err(KeySourceError("tenant did not respond in time".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
