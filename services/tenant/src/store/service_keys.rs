//! Keys of services and operators.

use sqlx::FromRow;
use usher_store::{Database, Error, Time};

use crate::audit::AuditEntry;
use crate::keyring::KeyedMac;
use crate::secrets::Protected;
use crate::store::audit;

/// A stored key.
#[derive(FromRow)]
pub(crate) struct StoredKey {
    pub(crate) name: String,
    pub(crate) operator: bool,
    #[sqlx(flatten)]
    pub(crate) protected: Protected,
}

pub(crate) async fn find(database: &Database, lookup_id: &str) -> Result<Option<StoredKey>, Error> {
    let mut tx = database.global().await?;
    let key =
        sqlx::query_as("SELECT name, operator, hash, mac, mac_key FROM service_keys WHERE lookup_id = $1")
            .bind(lookup_id)
            .fetch_optional(tx.conn())
            .await?;
    tx.commit().await?;
    Ok(key)
}

pub(crate) async fn insert(
    database: &Database,
    lookup_id: &str,
    key: &StoredKey,
    entry: AuditEntry,
) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query(
        "INSERT INTO service_keys (lookup_id, name, operator, hash, created_at, mac, mac_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(lookup_id)
    .bind(&key.name)
    .bind(key.operator)
    .bind(&key.protected.hash)
    .bind(Time(entry.at))
    .bind(key.protected.mac.as_ref().map(|mac| &mac.mac))
    .bind(key.protected.mac.as_ref().map(|mac| &mac.key))
    .execute(tx.conn())
    .await?;
    audit::insert_of_installation(&mut tx, entry).await?;
    tx.commit().await
}

/// Stores a key's MAC by the newest of the service's own keys.
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

/// Removes all keys of a name but one.
pub(crate) async fn delete_others(
    database: &Database,
    name: &str,
    keep: &str,
    entry: AuditEntry,
) -> Result<u64, Error> {
    let mut tx = database.global().await?;
    let done = sqlx::query("DELETE FROM service_keys WHERE name = $1 AND lookup_id <> $2")
        .bind(name)
        .bind(keep)
        .execute(tx.conn())
        .await?;
    if done.rows_affected() > 0 {
        audit::insert_of_installation(&mut tx, entry).await?;
    }
    tx.commit().await?;
    Ok(done.rows_affected())
}
