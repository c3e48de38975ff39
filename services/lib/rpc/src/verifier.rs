//! Verification of credentials, with memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, RwLock, Semaphore};
use usher_base::{Audience, Clock, Credential, CredentialError, Fault, KeySet, Reason};

use crate::key_source::{KeySource, KeySourceError};

/// How often an unknown key id may make us ask for the keys again.
const REFETCH: Duration = Duration::from_millis(500);
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
    keys: RwLock<KeySet>,
    fetched: Mutex<Option<Instant>>,
    waiting: Semaphore,
    unknown: Cache<String, ()>,
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
            Err(CredentialError::UnknownKey(kid)) => self.verify_again(kid, token, now).await?,
            other => other?,
        };
        let credential = Arc::new(credential);
        self.inner.verified.insert(digest, Arc::clone(&credential));
        Ok(credential)
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
        let verified = self.inner.keys.read().await.verify(token, self.inner.audience, now);
        if let Err(CredentialError::UnknownKey(kid)) = &verified {
            self.inner.unknown.insert(kid.clone(), ());
        }
        Ok(verified?)
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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use usher_base::key::SigningKey;
    use usher_base::{Actor, Claims};

    use super::*;

    /// Counts how often it is asked for its keys.
    #[derive(Clone)]
    struct Counted(Arc<AtomicUsize>, KeySet);

    impl KeySource for Counted {
        fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(std::future::ready(Ok(self.1.clone())))
        }
    }

    fn credential(key: &SigningKey) -> String {
        let now = Clock::system().now().as_second();
        let claims = Claims {
            iss: usher_base::credential::ISSUER.to_owned(),
            sub: "service:identity".parse::<Actor>().unwrap().to_string(),
            aud: vec![Audience::Billing],
            tid: None,
            scp: [].into(),
            pol: None,
            iat: now,
            exp: now + 600,
            jti: "x".to_owned(),
        };
        key.sign(&claims).unwrap()
    }

    #[tokio::test]
    async fn a_thousand_calls_with_made_up_keys_ask_for_the_keys_a_few_times_and_keep_no_good_call_waiting() {
        let (good, asked) = (SigningKey::generate().unwrap(), Arc::new(AtomicUsize::new(0)));
        let source = Counted(Arc::clone(&asked), KeySet::new([good.public()]).unwrap());
        let verifier = Verifier::new(source, Audience::Billing, Clock::system());
        let sent = credential(&good);
        verifier.verify(&sent).await.unwrap();
        let made_up: Vec<String> = (0..1_000).map(|_| credential(&SigningKey::generate().unwrap())).collect();

        let flood = join_all(made_up.iter().map(|token| verifier.verify(token)));
        let began = Instant::now();
        let (refused, good) = tokio::join!(flood, async {
            let good = verifier.verify(&sent).await;
            (good.is_ok(), began.elapsed())
        });

        let busy = refused.iter().filter(|it| matches!(it, Err(VerifyError::Busy))).count();
        assert!(refused.iter().all(Result::is_err));
        assert_eq!(busy, 1_000 - WAITING);
        assert!(asked.load(Ordering::SeqCst) <= 3, "{asked:?}");
        assert!(good.0 && good.1 < REFETCH, "{good:?}");

        // What is known to be no key is refused at once, and without asking.
        let (before, began) = (asked.load(Ordering::SeqCst), Instant::now());
        assert!(verifier.verify(&made_up[0]).await.is_err());
        assert!(began.elapsed() < REFETCH);
        assert_eq!(asked.load(Ordering::SeqCst), before);
    }
}
