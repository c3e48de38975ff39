//! Verification of credentials, with memory.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, Semaphore};
use usher_base::{Audience, Clock, Credential, CredentialError, Fault, KeySet, Reason};

use crate::key_source::{KeySource, KeySourceError};

/// How often an unknown key id may make us ask for the keys again.
const REFETCH: Duration = Duration::from_millis(500);
/// Keys that were asked for longer ago are asked for again, by one of the calls that come.
const FRESH: Duration = Duration::from_secs(10);
/// Keys that were asked for longer ago are not trusted: one of them may have been revoked.
const MAX_AGE: Duration = Duration::from_secs(30);
/// A verified credential is remembered until it ends; this many at most.
const REMEMBERED: u64 = 100_000;
/// Ids of keys that are not there are remembered too, for some time: anybody can make them up.
const UNKNOWN: u64 = 10_000;
const UNKNOWN_FOR: Duration = Duration::from_secs(10);
/// Calls that wait for the keys at once; more are told to come again.
const WAITING: usize = 256;

/// Verifies credentials for one audience. Clones share keys and memory.
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

/// The keys, and when they were asked for.
#[derive(Default)]
struct Held {
    keys: KeySet,
    asked: Option<Instant>,
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
    /// Too many calls name keys that are not known.
    #[error("too many calls wait for the keys that verify credentials; try again")]
    Busy,
}

impl Fault for VerifyError {
    fn reason(&self) -> Reason {
        match self {
            Self::Credential(error) => error.reason(),
            Self::Keys(_) => Reason::Unavailable,
            Self::Busy => Reason::Overloaded,
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
                waiting: Semaphore::new(WAITING),
                unknown: Cache::builder().max_capacity(UNKNOWN).time_to_live(UNKNOWN_FOR).build(),
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

    /// Asks whether a credential that was verified before is still good: a key that signed it may have been revoked,
    /// its bearer's sessions ended, since then.
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

    /// Verifies with keys that were fetched after the call came, unless it is known that they lack the one named.
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

    /// Sees that the keys are not too old. While they can't be had, those at hand serve until [`MAX_AGE`].
    async fn freshen(&self) -> Result<(), KeySourceError> {
        match self.age() {
            // The first credential that comes makes us ask.
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

    /// Asks for the keys, at most once in [`REFETCH`]. Whoever comes sooner waits rather than being
    /// refused: a credential of a key that was just made is good.
    async fn refetch(&self) -> Result<(), KeySourceError> {
        let came = Instant::now();
        let mut fetched = self.inner.fetched.lock().await;
        match *fetched {
            // Asked after we came, so the answer knows everything that we could ask about.
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
                tracing::warn!(%error, "the keys that verify credentials can't be had");
                return self.check_age();
            }
        }
        Ok(())
    }

    /// Refuses to go on with keys that are too old, or with none.
    fn check_age(&self) -> Result<(), KeySourceError> {
        match self.age() {
            Some(age) if age < MAX_AGE => Ok(()),
            _ => Err(KeySourceError("tenant did not answer in time".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
