//! Service keys.

use jiff::{SignedDuration, Timestamp};
use sqlx::{FromRow, PgConnection};
use usher_base::credential::service_key_digest;
use usher_store::{Database, Error, Time};
use uuid::Uuid;

use crate::audit::AuditEntry;
use crate::keyring::KeyedMac;
use crate::secrets::Protected;
use crate::store::{audit, ended_sessions};

/// After this time, no call that found a key before it was deleted is still in progress.
const MAX_CALL_TIME: SignedDuration = SignedDuration::from_mins(1);

#[derive(FromRow)]
pub(crate) struct StoredKey {
    pub(crate) name: String,
    pub(crate) operator: bool,
    #[sqlx(flatten)]
    pub(crate) protected: Protected,
    /// Chosen scopes; `None` if they follow from the name.
    pub(crate) scopes: Option<Vec<String>>,
    /// The workspace that it is limited to.
    pub(crate) workspace_id: Option<Uuid>,
    pub(crate) expires_at: Option<Time>,
}

/// A key as it is listed.
#[derive(FromRow)]
pub(crate) struct ListedRow {
    pub(crate) lookup_id: String,
    pub(crate) name: String,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) workspace_id: Option<Uuid>,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Option<Time>,
}

/// The outcome of adding a key with a unique name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    Done,
    /// Another key has the name.
    NameTaken,
    /// The maximum number of keys is reached.
    TooMany,
}

pub(crate) async fn find(database: &Database, lookup_id: &str) -> Result<Option<StoredKey>, Error> {
    let mut tx = database.global().await?;
    let key = sqlx::query_as(
        "SELECT name, operator, hash, mac, mac_key, scopes, workspace_id, expires_at FROM service_keys
         WHERE lookup_id = $1",
    )
    .bind(lookup_id)
    .fetch_optional(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(key)
}

/// All keys by name, the newest first for each.
pub(crate) async fn list(database: &Database) -> Result<Vec<ListedRow>, Error> {
    let mut tx = database.global().await?;
    let rows = sqlx::query_as(
        "SELECT lookup_id, name, scopes, workspace_id, created_at, expires_at FROM service_keys
         ORDER BY name, created_at DESC",
    )
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(rows)
}

/// Adds a key, even if there are other keys with its name.
pub(crate) async fn insert(
    database: &Database,
    lookup_id: &str,
    key: &StoredKey,
    entry: AuditEntry,
) -> Result<(), Error> {
    let mut tx = database.global().await?;
    write(tx.conn(), lookup_id, key, entry.at).await?;
    audit::insert_of_installation(&mut tx, entry).await?;
    tx.commit().await
}

/// Adds a key if its name is unused and there are fewer than `max` keys.
pub(crate) async fn add(
    database: &Database,
    lookup_id: &str,
    key: &StoredKey,
    max: i64,
    entry: AuditEntry,
) -> Result<Added, Error> {
    let mut tx = database.global().await?;
    // Serialised, so that two keys with the same name don't both find it unused.
    sqlx::query("LOCK TABLE service_keys IN SHARE ROW EXCLUSIVE MODE").execute(tx.conn()).await?;
    let (all, named): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(*) FILTER (WHERE name = $1) FROM service_keys")
            .bind(&key.name)
            .fetch_one(tx.conn())
            .await?;
    if named > 0 {
        return Ok(Added::NameTaken);
    }
    if all >= max {
        return Ok(Added::TooMany);
    }
    write(tx.conn(), lookup_id, key, entry.at).await?;
    audit::insert_of_installation(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Added::Done)
}

async fn write(
    conn: &mut PgConnection,
    lookup_id: &str,
    key: &StoredKey,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO service_keys (lookup_id, name, operator, hash, created_at, mac, mac_key, scopes, workspace_id,
           expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(lookup_id)
    .bind(&key.name)
    .bind(key.operator)
    .bind(&key.protected.hash)
    .bind(Time(at))
    .bind(key.protected.mac.as_ref().map(|mac| &mac.mac))
    .bind(key.protected.mac.as_ref().map(|mac| &mac.key))
    .bind(&key.scopes)
    .bind(key.workspace_id)
    .bind(key.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a MAC made by the newest of the service's own keys.
pub(crate) async fn set_mac(database: &Database, lookup_id: &str, mac: &KeyedMac) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query("UPDATE service_keys SET mac = $2, mac_key = $3 WHERE lookup_id = $1")
        .bind(lookup_id)
        .bind(&mac.mac)
        .bind(&mac.key)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

/// Deletes a key and ends its credentials. Returns `false` if there is none.
pub(crate) async fn delete(database: &Database, lookup_id: &str, entry: AuditEntry) -> Result<bool, Error> {
    let mut tx = database.global().await?;
    let done = sqlx::query("DELETE FROM service_keys WHERE lookup_id = $1")
        .bind(lookup_id)
        .execute(tx.conn())
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    end(tx.conn(), lookup_id, entry.at).await?;
    audit::insert_of_installation(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// Deletes all keys of a name except one, and ends their credentials.
pub(crate) async fn delete_others(
    database: &Database,
    name: &str,
    keep: &str,
    entry: AuditEntry,
) -> Result<usize, Error> {
    let mut tx = database.global().await?;
    let deleted: Vec<String> = sqlx::query_scalar(
        "DELETE FROM service_keys WHERE name = $1 AND lookup_id <> $2 RETURNING lookup_id",
    )
    .bind(name)
    .bind(keep)
    .fetch_all(tx.conn())
    .await?;
    for lookup_id in &deleted {
        end(tx.conn(), lookup_id, entry.at).await?;
    }
    if !deleted.is_empty() {
        audit::insert_of_installation(&mut tx, entry).await?;
    }
    tx.commit().await?;
    Ok(deleted.len())
}

async fn end(conn: &mut PgConnection, lookup_id: &str, now: Timestamp) -> Result<(), Error> {
    ended_sessions::insert(conn, service_key_digest(lookup_id), now + MAX_CALL_TIME).await
}
