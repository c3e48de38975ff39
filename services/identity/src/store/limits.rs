//! The limits that billing allows, as they are enforced here.

use usher_proto::billing::v1 as pb;
use usher_store::{Error, ScopedDatabase};

/// Takes a limit over, unless a later version is here.
pub(crate) async fn take(database: &ScopedDatabase, limit: &pb::WorkspaceLimit) -> Result<(), Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, pool) DO UPDATE SET version = excluded.version, quantity = excluded.quantity,
           policy = excluded.policy
         WHERE seat_limits.version < excluded.version",
    )
    .bind(tenant)
    .bind(&limit.pool)
    .bind(limit.version)
    .bind(limit.quantity)
    .bind(&limit.policy)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
