//! argon2id on a bounded pool: each hash takes 19 MiB and some 20 ms of a core.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

/// Hashes computed at once; more wait their turn.
const AT_ONCE: usize = 2;
/// Pairs of secret and hash that are known to match.
const REMEMBERED: u64 = 10_000;

/// A hash can't be computed or read. A defect, or damaged data.
#[derive(Debug, thiserror::Error)]
#[error("argon2: {0}")]
pub struct HashError(String);

impl From<argon2::password_hash::Error> for HashError {
    fn from(error: argon2::password_hash::Error) -> Self {
        Self(error.to_string())
    }
}

/// Hashes and verifies secrets with argon2id at OWASP's parameters (Password Storage Cheat Sheet:
/// 19 MiB, 2 passes, 1 lane), which are the library's defaults. Clones share the pool.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
    matched: Cache<[u8; 32], ()>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), matched: Cache::new(REMEMBERED) }
    }

    /// Hashes a secret with a new salt; a PHC string.
    pub(crate) async fn hash(&self, secret: &[u8]) -> Result<String, HashError> {
        let secret = secret.to_vec();
        self.run(move || Ok(Argon2::default().hash_password(&secret)?.to_string())).await
    }

    /// Whether a secret is the one of this hash.
    pub(crate) async fn verify(&self, secret: &[u8], phc: &str) -> Result<bool, HashError> {
        let (secret, phc) = (secret.to_vec(), phc.to_owned());
        self.run(move || {
            let hash = PasswordHash::new(&phc).map_err(|error| HashError(error.to_string()))?;
            Ok(Argon2::default().verify_password(&secret, &hash).is_ok())
        })
        .await
    }

    /// As `verify`, and remembers what matched. Only for secrets of 256 random bits, whose SHA-256
    /// gives nothing away; a changed row has another hash and is computed anew.
    pub(crate) async fn verify_random(&self, secret: &[u8], phc: &str) -> Result<bool, HashError> {
        let pair: [u8; 32] = Sha256::new().chain_update(secret).chain_update(phc).finalize().into();
        if self.matched.contains_key(&pair) {
            return Ok(true);
        }
        let matches = self.verify(secret, phc).await?;
        if matches {
            self.matched.insert(pair, ());
        }
        Ok(matches)
    }

    /// Costs what a verification costs, where there is nothing to verify.
    pub(crate) async fn waste(&self, secret: &[u8]) -> Result<(), HashError> {
        self.hash(secret).await.map(drop)
    }

    /// Whether a hash was made with other parameters than today's.
    pub(crate) fn is_outdated(phc: &str) -> bool {
        let current = PasswordHash::new(phc).ok().is_some_and(|hash| {
            hash.algorithm.as_str() == Algorithm::Argon2id.as_str()
                && Params::try_from(&hash).is_ok_and(|params| {
                    let today = Params::default();
                    (params.m_cost(), params.t_cost(), params.p_cost())
                        == (today.m_cost(), today.t_cost(), today.p_cost())
                })
        });
        !current
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.map_err(|error| HashError(error.to_string()))?;
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| HashError(error.to_string()))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_matches_its_own_hash_only() {
        let hasher = Hasher::new();
        let hash = hasher.hash(b"correct horse").await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(b"correct horse", &hash).await.unwrap());
        assert!(!hasher.verify(b"Correct horse", &hash).await.unwrap());
        assert!(hasher.verify_random(b"correct horse", &hash).await.unwrap());
        assert!(hasher.verify_random(b"correct horse", &hash).await.unwrap());
        assert!(!hasher.verify_random(b"other", &hash).await.unwrap());
    }

    #[test]
    fn hashes_of_other_parameters_are_outdated() {
        let weak =
            "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHRzYWx0$qqSCqQPLbO7RKU+qFwvGng0Nrs8t9DRTxFfv6V8Uvvw";
        assert!(Hasher::is_outdated(weak));
        assert!(Hasher::is_outdated("nonsense"));
    }
}
