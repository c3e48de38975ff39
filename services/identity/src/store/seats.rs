//! The seat counters.

use sqlx::FromRow;
use usher_store::{Error, ScopedDatabase};

/// The head row, and billing's position.
#[derive(Clone, Copy, Debug, Default, FromRow)]
pub(crate) struct Seats {
    pub(crate) change_sequence: i64,
    pub(crate) seat_sequence: i64,
    pub(crate) regular: i64,
    pub(crate) external: i64,
    pub(crate) collaborator: i64,
    pub(crate) acknowledged: i64,
}

/// Reads the counters, which are zero if nobody was ever provisioned.
pub(crate) async fn read(database: &ScopedDatabase) -> Result<Seats, Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    let seats = sqlx::query_as(
        "SELECT h.change_sequence, h.seat_sequence, h.regular, h.external, h.collaborator,
                coalesce(r.acknowledged_sequence, 0) AS acknowledged
         FROM heads h LEFT JOIN relays r ON r.tenant_id = h.tenant_id AND r.tenant_id = $1
         WHERE h.tenant_id = $1",
    )
    .bind(tenant)
    .fetch_optional(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(seats.unwrap_or_default())
}
