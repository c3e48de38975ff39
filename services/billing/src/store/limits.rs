//! Limits and alerts.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_store::{Database, TenantTx, Time};
use uuid::Uuid;

use crate::class::SeatClass;
use crate::error::BillingError;
use crate::limit::{Limit, Pool};
use crate::limits::Alert;

/// The limits that held at a time, by pool.
pub(crate) async fn current(tx: &mut TenantTx, at: Timestamp) -> Result<Vec<Limit>, BillingError> {
    let rows: Vec<(String, i64, Option<i64>, String, i64)> = sqlx::query_as(
        "SELECT DISTINCT ON (pool) pool, version, quantity, policy, committed FROM seat_limits
         WHERE tenant_id = $1 AND set_at <= $2 ORDER BY pool DESC, version DESC",
    )
    .bind(tx.tenant())
    .bind(Time(at))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(pool, version, quantity, policy, committed)| {
            let unread = |what: String| BillingError::Stored(what);
            Ok(Limit {
                pool: pool.parse().map_err(|error| unread(format!("{error}")))?,
                version,
                quantity,
                policy: policy.parse().map_err(|error| unread(format!("{error}")))?,
                committed,
            })
        })
        .collect()
}

/// Adds a version.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    limit: &Limit,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy, committed, set_at, set_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tx.tenant())
    .bind(limit.pool.as_str())
    .bind(limit.version)
    .bind(limit.quantity)
    .bind(limit.policy.as_str())
    .bind(limit.committed)
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Open seats of a pool now.
pub(crate) async fn in_use(tx: &mut TenantTx, pool: Pool) -> Result<i64, BillingError> {
    let classes: Vec<String> = SeatClass::BY_RANK
        .into_iter()
        .filter(|class| Pool::of(*class) == pool)
        .map(|class| class.as_str().to_owned())
        .collect();
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM intervals WHERE tenant_id = $1 AND end_at IS NULL AND class = ANY ($2)",
    )
    .bind(tx.tenant())
    .bind(classes)
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// Notes an alert; says false if it was raised before.
pub(crate) async fn raise(
    tx: &mut TenantTx,
    limit: &Limit,
    threshold: i64,
    in_use: i64,
    sequence: i64,
    now: Timestamp,
) -> Result<bool, BillingError> {
    let done = sqlx::query(
        "INSERT INTO limit_alerts (tenant_id, pool, version, threshold, in_use, sequence, raised_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, pool, version, threshold) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(limit.pool.as_str())
    .bind(limit.version)
    .bind(i32::try_from(threshold).unwrap_or_default())
    .bind(in_use)
    .bind(sequence)
    .bind(Time(now))
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Alerts that were raised, oldest first.
pub(crate) async fn alerts(tx: &mut TenantTx) -> Result<Vec<Alert>, BillingError> {
    let rows: Vec<(String, i64, i32, i64, Time)> = sqlx::query_as(
        "SELECT pool, version, threshold, in_use, raised_at FROM limit_alerts WHERE tenant_id = $1
         ORDER BY raised_at, pool, version, threshold LIMIT 1000",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    let alert = |(pool, version, threshold, in_use, at): (String, i64, i32, i64, Time)| Alert {
        pool,
        version,
        threshold,
        in_use,
        at: at.0,
    };
    Ok(rows.into_iter().map(alert).collect())
}

/// A limit of any workspace.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct WorkspaceLimit {
    pub(crate) tenant_id: Uuid,
    pub(crate) pool: String,
    pub(crate) version: i64,
    pub(crate) quantity: Option<i64>,
    pub(crate) policy: String,
    pub(crate) set_at: Time,
}

/// The limits of all workspaces that were set at a time or later, oldest first.
pub(crate) async fn since(
    database: &Database,
    after: Timestamp,
    most: i32,
) -> Result<Vec<WorkspaceLimit>, BillingError> {
    let mut tx = database.global().await?;
    let found = sqlx::query_as("SELECT * FROM seat_limits_since($1, $2)")
        .bind(Time(after))
        .bind(most)
        .fetch_all(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(found)
}
