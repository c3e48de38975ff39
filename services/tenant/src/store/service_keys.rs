//! Keys of services and operators.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_store::{Database, Error, Time};

/// A stored key.
#[derive(FromRow)]
pub(crate) struct StoredKey {
    pub(crate) name: String,
    pub(crate) operator: bool,
    pub(crate) hash: String,
}

pub(crate) async fn find(database: &Database, lookup_id: &str) -> Result<Option<StoredKey>, Error> {
    let mut tx = database.global().await?;
    let key = sqlx::query_as("SELECT name, operator, hash FROM service_keys WHERE lookup_id = $1")
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
    now: Timestamp,
) -> Result<(), Error> {
    let mut tx = database.global().await?;
    sqlx::query(
        "INSERT INTO service_keys (lookup_id, name, operator, hash, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(lookup_id)
    .bind(&key.name)
    .bind(key.operator)
    .bind(&key.hash)
    .bind(Time(now))
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

/// Removes all keys of a name but one.
pub(crate) async fn delete_others(database: &Database, name: &str, keep: &str) -> Result<u64, Error> {
    let mut tx = database.global().await?;
    let done = sqlx::query("DELETE FROM service_keys WHERE name = $1 AND lookup_id <> $2")
        .bind(name)
        .bind(keep)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}
