//! Signing keys.

use jiff::Timestamp;
use sqlx::PgConnection;
use usher_base::key::SigningKey;
use usher_store::{Database, Error, Time};

use crate::error::TenantError;

/// The key that signs.
pub(crate) async fn newest(database: &Database) -> Result<Option<SigningKey>, TenantError> {
    let mut tx = database.global().await?;
    let der: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT pkcs8 FROM signing_keys WHERE NOT retired ORDER BY created_at DESC, kid LIMIT 1",
    )
    .fetch_optional(tx.conn())
    .await
    .map_err(Error::from)?;
    tx.commit().await?;
    Ok(der.map(|der| SigningKey::from_pkcs8_der(&der)).transpose()?)
}

/// Keys whose credentials may still be alive.
pub(crate) async fn published(database: &Database, now: Timestamp) -> Result<Vec<SigningKey>, TenantError> {
    let mut tx = database.global().await?;
    let ders: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT pkcs8 FROM signing_keys WHERE NOT retired OR needed_until > $1 ORDER BY created_at DESC",
    )
    .bind(Time(now))
    .fetch_all(tx.conn())
    .await
    .map_err(Error::from)?;
    tx.commit().await?;
    ders.iter().map(|der| SigningKey::from_pkcs8_der(der).map_err(TenantError::from)).collect()
}

/// Keeps the first key, unless there is one already.
pub(crate) async fn insert_first(database: &Database, key: &SigningKey, now: Timestamp) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").execute(tx.conn()).await?;
    let any: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM signing_keys LIMIT 1").fetch_optional(tx.conn()).await?;
    if any.is_none() {
        insert(tx.conn(), key, now).await?;
    }
    tx.commit().await
}

async fn insert(conn: &mut PgConnection, key: &SigningKey, now: Timestamp) -> Result<(), Error> {
    sqlx::query("INSERT INTO signing_keys (kid, pkcs8, created_at, needed_until) VALUES ($1, $2, $3, $3)")
        .bind(&key.public().kid)
        .bind(key.to_pkcs8_der())
        .bind(Time(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds a key that signs from now on; the others are published until `needed_until` at least, and
/// those whose time is over are deleted.
pub(crate) async fn rotate(
    database: &Database,
    key: &SigningKey,
    now: Timestamp,
    needed_until: Timestamp,
) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query("DELETE FROM signing_keys WHERE retired AND needed_until <= $1")
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
    tx.commit().await
}

/// Notes that a key signed something that lives so long.
pub(crate) async fn need_until(database: &Database, kid: &str, until: Timestamp) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query("UPDATE signing_keys SET needed_until = greatest(needed_until, $2) WHERE kid = $1")
        .bind(kid)
        .bind(Time(until))
        .execute(tx.conn())
        .await?;
    tx.commit().await
}
