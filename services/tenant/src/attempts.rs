//! Judging passwords, a limited number of times.

use sha2::{Digest as _, Sha256};
use usher_base::Clock;
use usher_store::ScopedDatabase;

use crate::error::TenantError;
use crate::hashing::Hasher;
use crate::store::attempts as store;

/// Attempts before they begin to wait.
const FREE: i32 = 10;
/// Addresses share this many counters a workspace, so that made-up addresses fill nothing.
const BUCKETS: u16 = 4_096;

/// Judges a password against the hash of whoever has the address; none where nobody has it, which
/// costs and answers the same.
pub(crate) async fn judge(
    database: &ScopedDatabase,
    hasher: &Hasher,
    clock: &Clock,
    email: &str,
    password: &str,
    hash: Option<&str>,
) -> Result<(), TenantError> {
    let bucket = bucket(email);
    let now = clock.now();
    if let Some(until) = store::begin(database, bucket, now, FREE).await? {
        return Err(TenantError::TooManyAttempts { now, until });
    }
    let right = match hash {
        Some(hash) => hasher.verify(password.as_bytes(), hash).await?,
        None => hasher.waste(password.as_bytes()).await.map(|()| false)?,
    };
    if !right {
        return Err(TenantError::PasswordWrong);
    }
    Ok(store::forget(database, bucket).await?)
}

fn bucket(email: &str) -> i32 {
    let digest = Sha256::digest(email.to_lowercase().as_bytes());
    i32::from(u16::from_be_bytes([digest[0], digest[1]]) % BUCKETS)
}
