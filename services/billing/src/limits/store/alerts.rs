use jiff::Timestamp;
use usher_seats::Pool;
use usher_store::{TenantTx, Time};

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::limits::model::alert::Alert;
use crate::limits::model::limit::Limit;

/// Inserts an alert. Returns false if it was raised before.
pub(crate) async fn insert(
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
    let raised = done.rows_affected() == 1;
    if raised {
        let key = format!("{} {} {threshold}", limit.pool, limit.version);
        records::append(tx, &[(Kind::LimitAlert, key)]).await?;
    }
    Ok(raised)
}

/// Returns the raised alerts, oldest first.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<Alert>, BillingError> {
    let rows: Vec<(Pool, i64, i32, i64, Time)> = sqlx::query_as(
        "SELECT pool, version, threshold, in_use, raised_at FROM limit_alerts WHERE tenant_id = $1
         ORDER BY raised_at, pool, version, threshold LIMIT 1000",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    let alert = |(pool, version, threshold, in_use, at): (Pool, i64, i32, i64, Time)| Alert {
        pool,
        version,
        threshold,
        in_use,
        at: at.0,
    };
    Ok(rows.into_iter().map(alert).collect())
}
