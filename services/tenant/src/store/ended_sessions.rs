//! Bearers and service keys whose older credentials are no longer accepted.

use jiff::Timestamp;
use sqlx::PgConnection;
use usher_store::{Database, Error, Time};

/// Those that were ended after a time, each with its end in seconds since 1970.
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

/// Ends the sessions of a bearer, or the credentials of a service key, given by digest. Deletes rows that no
/// credential needs any more.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    subject: [u8; 32],
    until: Timestamp,
) -> Result<(), Error> {
    sqlx::query("DELETE FROM ended_sessions WHERE ended_at < $1::timestamptz - interval '1 day'")
        .bind(Time(until))
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "INSERT INTO ended_sessions (subject, ended_at) VALUES ($1, $2)
         ON CONFLICT (subject) DO UPDATE SET ended_at = greatest(ended_sessions.ended_at, excluded.ended_at)",
    )
    .bind(subject.as_slice())
    .bind(Time(until))
    .execute(conn)
    .await?;
    Ok(())
}
