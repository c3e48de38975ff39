//! Wrong passwords.

use jiff::Timestamp;
use usher_store::{Error, ScopedDatabase, Time};

/// Counts an attempt; gives until when attempts are refused, if they are.
pub(crate) async fn begin(
    database: &ScopedDatabase,
    bucket: i32,
    now: Timestamp,
    free: i32,
) -> Result<Option<Timestamp>, Error> {
    let row: Option<(Option<Time>,)> = database
        .statement("SELECT blocked_until FROM begin_password_attempt($1, $2, $3, $4)")
        .bind(bucket)
        .bind(Time(now))
        .bind(free)
        .fetch_optional()
        .await?;
    Ok(row.and_then(|(until,)| until).map(|until| until.0))
}

/// Forgets the attempts: the password was right.
pub(crate) async fn forget(database: &ScopedDatabase, bucket: i32) -> Result<(), Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    sqlx::query("DELETE FROM password_attempts WHERE tenant_id = $1 AND bucket = $2")
        .bind(tenant)
        .bind(bucket)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}
