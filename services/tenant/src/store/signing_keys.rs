//! Signing keys.

use jiff::Timestamp;
use sqlx::{FromRow, PgConnection};
use usher_base::key::SigningKey;
use usher_store::{Database, Error, Time};

use crate::audit::AuditEntry;
use crate::keyring::{Keyring, Sealed};
use crate::store::audit;

#[derive(Debug, FromRow)]
pub(crate) struct StoredKey {
    pub(crate) kid: String,
    /// The private key, if the row was stored before keys were encrypted.
    pub(crate) pkcs8: Option<Vec<u8>>,
    sealed: Option<Vec<u8>>,
    sealed_by: Option<String>,
    pub(crate) created_at: Time,
    pub(crate) retired: bool,
    pub(crate) revoked_at: Option<Time>,
}

impl StoredKey {
    /// Decrypts the key. `None` if none of the service's own keys can, or if it is not the key that the row names.
    pub(crate) fn open(&self, keyring: &Keyring) -> Option<SigningKey> {
        let der = match (&self.pkcs8, &self.sealed, &self.sealed_by) {
            (Some(pkcs8), ..) => pkcs8.clone(),
            (None, Some(bytes), Some(key)) => {
                keyring.open(&self.kid, &Sealed { key: key.clone(), bytes: bytes.clone() })?
            }
            _ => return None,
        };
        SigningKey::from_pkcs8_der(&der).ok().filter(|key| key.public().kid == self.kid)
    }
}

/// An encrypted key.
pub(crate) struct SealedKey {
    pub(crate) kid: String,
    pub(crate) sealed: Sealed,
}

/// Keys that were not revoked at a time, and whose credentials may still be valid; the newest first.
pub(crate) async fn list_live(
    database: &Database,
    now: Timestamp,
    revoked_by: Timestamp,
) -> Result<Vec<StoredKey>, Error> {
    let mut tx = database.global().await?;
    let keys = sqlx::query_as(
        "SELECT kid, pkcs8, sealed, sealed_by, created_at, retired, revoked_at FROM signing_keys
         WHERE (revoked_at IS NULL OR revoked_at > $2) AND (NOT retired OR needed_until > $1)
         ORDER BY created_at DESC, kid",
    )
    .bind(Time(now))
    .bind(Time(revoked_by))
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(keys)
}

/// All keys, the newest first.
pub(crate) async fn list(database: &Database) -> Result<Vec<StoredKey>, Error> {
    let mut tx = database.global().await?;
    let keys = sqlx::query_as(
        "SELECT kid, pkcs8, sealed, sealed_by, created_at, retired, revoked_at FROM signing_keys
         ORDER BY created_at DESC, kid",
    )
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(keys)
}

/// Encrypts a row that was stored before keys were encrypted.
pub(crate) async fn seal(database: &Database, key: &SealedKey) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query("UPDATE signing_keys SET sealed = $2, sealed_by = $3, pkcs8 = NULL WHERE kid = $1")
        .bind(&key.kid)
        .bind(&key.sealed.bytes)
        .bind(&key.sealed.key)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

/// Adds a key that signs from now on, instead of `previous`, which is `None` if there was none. The others stay
/// published until `needed_until` at least. Deletes those that are no longer needed.
///
/// Returns `false`, and does nothing, if another replica was faster.
pub(crate) async fn replace(
    database: &Database,
    signed: Option<&str>,
    key: &SealedKey,
    (now, needed_until): (Timestamp, Timestamp),
    entry: Option<AuditEntry>,
) -> Result<bool, Error> {
    let mut tx = database.global().await?;
    sqlx::query("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").execute(tx.conn()).await?;
    let newest: Option<String> = sqlx::query_scalar(
        "SELECT kid FROM signing_keys WHERE NOT retired AND revoked_at IS NULL ORDER BY created_at DESC, kid LIMIT 1",
    )
    .fetch_optional(tx.conn())
    .await?;
    if newest.as_deref() != signed {
        return Ok(false);
    }
    sqlx::query("DELETE FROM signing_keys WHERE retired AND needed_until <= $1 AND created_at < $1 - interval '90 days'")
        .bind(Time(now))
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "UPDATE signing_keys SET retired = true, needed_until = greatest(needed_until, $1) WHERE NOT retired",
    )
    .bind(Time(needed_until))
    .execute(tx.conn())
    .await?;
    insert(tx.conn(), key, now).await?;
    if let Some(entry) = entry {
        audit::insert_of_installation(&mut tx, entry).await?;
    }
    tx.commit().await?;
    Ok(true)
}

async fn insert(conn: &mut PgConnection, key: &SealedKey, now: Timestamp) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO signing_keys (kid, sealed, sealed_by, created_at, needed_until) VALUES ($1, $2, $3, $4, $4)",
    )
    .bind(&key.kid)
    .bind(&key.sealed.bytes)
    .bind(&key.sealed.key)
    .bind(Time(now))
    .execute(conn)
    .await?;
    Ok(())
}

/// Revokes a key. Returns `false` if there is no such key.
pub(crate) async fn revoke(database: &Database, kid: &str, entry: AuditEntry) -> Result<bool, Error> {
    let mut tx = database.global().await?;
    let done = sqlx::query("UPDATE signing_keys SET revoked_at = coalesce(revoked_at, $2) WHERE kid = $1")
        .bind(kid)
        .bind(Time(entry.at))
        .execute(tx.conn())
        .await?;
    let exists = done.rows_affected() == 1;
    if exists {
        audit::insert_of_installation(&mut tx, entry).await?;
    }
    tx.commit().await?;
    Ok(exists)
}

/// Tells all gateways to discard their cached credentials.
pub(crate) async fn announce_everything(database: &Database) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query("SELECT pg_notify($1, 'everything')")
        .bind(crate::announcements::CHANNEL)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

/// Records until when a credential that the key signed is valid.
pub(crate) async fn need_until(database: &Database, kid: &str, until: Timestamp) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query("UPDATE signing_keys SET needed_until = greatest(needed_until, $2) WHERE kid = $1")
        .bind(kid)
        .bind(Time(until))
        .execute(tx.conn())
        .await?;
    tx.commit().await
}
