use jiff::Timestamp;
use usher_seats::Pool;
use usher_store::{TenantTx, Time};

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::ledger::store::intervals::instant;
use crate::limits::model::refusal::Counted;

/// Returns the last known count.
pub(crate) async fn last(tx: &mut TenantTx, pool: Pool) -> Result<Option<Counted>, BillingError> {
    let found: Option<(Time, i64)> = sqlx::query_as(
        "SELECT as_of, total FROM limit_refusals WHERE tenant_id = $1 AND pool = $2 ORDER BY as_of DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .bind(pool.as_str())
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.map(|(as_of, total)| Counted { as_of: as_of.0, total }))
}

/// Adds new refusals to the count.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    pool: Pool,
    counted: Counted,
    added: i64,
    now: Timestamp,
) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO limit_refusals (tenant_id, pool, as_of, total, added, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tx.tenant())
    .bind(pool.as_str())
    .bind(Time(counted.as_of))
    .bind(counted.total)
    .bind(added)
    .bind(Time(now))
    .execute(tx.conn())
    .await?;
    let key = format!("{pool} {}", counted.as_of.as_microsecond());
    records::append(tx, &[(Kind::LimitRefusals, key)]).await
}

/// Returns the number of refusals reported after an instant and by another, as of a time.
pub(crate) async fn between(
    tx: &mut TenantTx,
    pool: Pool,
    (after, until): (i64, i64),
    known_at: Timestamp,
) -> Result<i64, BillingError> {
    let sum: Option<i64> = sqlx::query_scalar(
        "SELECT sum(added)::bigint FROM limit_refusals
         WHERE tenant_id = $1 AND pool = $2 AND as_of > $3 AND as_of <= $4 AND recorded_at <= $5",
    )
    .bind(tx.tenant())
    .bind(pool.as_str())
    .bind(instant(after)?)
    .bind(instant(until)?)
    .bind(Time(known_at))
    .fetch_one(tx.conn())
    .await?;
    Ok(sum.unwrap_or(0))
}
