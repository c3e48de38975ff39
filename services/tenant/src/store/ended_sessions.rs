//! Bearers whose older credentials are not accepted any more.

use jiff::Timestamp;
use usher_store::{Database, Error, Time};

/// Those that were ended after a time, with the second since 1970 at which they were.
pub(crate) async fn list(database: &Database, after: Timestamp) -> Result<Vec<([u8; 32], i64)>, Error> {
    let mut tx = database.global().await?;
    let rows: Vec<(Vec<u8>, Time)> =
        sqlx::query_as("SELECT subject, ended_at FROM ended_sessions WHERE ended_at > $1")
            .bind(Time(after))
            .fetch_all(tx.conn())
            .await?;
    tx.commit().await?;
    Ok(rows
        .into_iter()
        .filter_map(|(subject, at)| Some((subject.try_into().ok()?, at.0.as_second())))
        .collect())
}
