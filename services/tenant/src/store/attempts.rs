//! Wrong passwords.

use jiff::Timestamp;
use usher_base::id::AdminId;
use usher_store::{Database, Error, ScopedDatabase, TenantTx, Time};
use uuid::Uuid;

/// The place of passwords that are given again; peers have the places from 0 up.
pub(crate) const AGAIN: i32 = -2;

/// Counts an attempt before it is judged, so that parallel guesses count too; gives until when
/// attempts are refused, if they are.
pub(crate) async fn begin(
    database: &ScopedDatabase,
    account: Uuid,
    place: i32,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let row: Option<(Option<Time>,)> = database
        .statement("SELECT blocked_until FROM begin_attempt($1, $2, $3, $4)")
        .bind(account)
        .bind(place)
        .bind(Time(now))
        .fetch_optional()
        .await?;
    Ok(row.and_then(|(until,)| until).map(|until| until.0))
}

/// Forgets the peer's wrong passwords, and remembers the peer: the password was right.
pub(crate) async fn succeed(
    database: &ScopedDatabase,
    account: Uuid,
    place: i32,
    now: Timestamp,
) -> Result<(), Error> {
    let _: Option<(i32,)> = database
        .statement("SELECT * FROM succeed_attempt($1, $2, $3, $4)")
        .bind(account)
        .bind(place)
        .bind(Time(now))
        .fetch_optional()
        .await?;
    Ok(())
}

/// Deletes at most so many rows of all workspaces that no decision reads any more.
pub(crate) async fn expire(database: &Database, now: Timestamp, most: i32) -> Result<i64, Error> {
    let mut tx = database.global().await?;
    let deleted = sqlx::query_scalar("SELECT expire_attempts($1, $2)")
        .bind(Time(now))
        .bind(most)
        .fetch_one(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(deleted)
}

/// Forgets everything that was counted about an admin.
pub(crate) async fn forget(tx: &mut TenantTx, admin: AdminId) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("DELETE FROM sign_in_attempts WHERE tenant_id = $1 AND account = $2")
        .bind(tenant)
        .bind(admin.as_uuid())
        .execute(tx.conn())
        .await?;
    Ok(())
}
