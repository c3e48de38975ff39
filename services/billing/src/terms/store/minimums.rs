use jiff::Timestamp;
use jiff::civil::Date;
use usher_store::{TenantTx, Time};

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::sql::date;

/// Returns the minimums as of a time, by date, in minor units.
pub(crate) async fn known(tx: &mut TenantTx, at: Timestamp) -> Result<Vec<(Date, i64)>, BillingError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT to_char(valid_from, 'YYYY-MM-DD'), amount_minor FROM minimum_spends
         WHERE tenant_id = $1 AND created_at <= $2 AND coalesce(withdrawn_at > $2, true)
         ORDER BY minimum_spends.valid_from",
    )
    .bind(tx.tenant())
    .bind(Time(at))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(from, amount)| Ok((date("minimum_spends", "valid_from", &from)?, amount)))
        .collect()
}

/// Returns the minimum that begins on a date.
pub(crate) async fn find(tx: &mut TenantTx, valid_from: Date) -> Result<Option<i64>, BillingError> {
    let found = sqlx::query_scalar(
        "SELECT amount_minor FROM minimum_spends
         WHERE tenant_id = $1 AND valid_from = to_date($2, 'YYYY-MM-DD') AND withdrawn_at IS NULL",
    )
    .bind(tx.tenant())
    .bind(valid_from.to_string())
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// Returns the most recently withdrawn minimum of a date.
pub(crate) async fn last_withdrawn(tx: &mut TenantTx, valid_from: Date) -> Result<Option<i64>, BillingError> {
    let found = sqlx::query_scalar(
        "SELECT amount_minor FROM minimum_spends
         WHERE tenant_id = $1 AND valid_from = to_date($2, 'YYYY-MM-DD') AND withdrawn_at IS NOT NULL
         ORDER BY withdrawn_at DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .bind(valid_from.to_string())
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// Returns all minimums, by date.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<(Date, i64)>, BillingError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT to_char(valid_from, 'YYYY-MM-DD'), amount_minor FROM minimum_spends
         WHERE tenant_id = $1 AND withdrawn_at IS NULL ORDER BY valid_from",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(valid_from, amount)| Ok((date("minimum_spends", "valid_from", &valid_from)?, amount)))
        .collect()
}

/// Inserts a minimum from a date on.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    valid_from: Date,
    amount_minor: i64,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO minimum_spends (tenant_id, valid_from, amount_minor, created_at, created_by)
         VALUES ($1, to_date($2, 'YYYY-MM-DD'), $3, $4, $5)",
    )
    .bind(tx.tenant())
    .bind(valid_from.to_string())
    .bind(amount_minor)
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Minimum, valid_from.to_string())]).await
}

/// Marks the minimum of a date as withdrawn.
pub(crate) async fn withdraw(
    tx: &mut TenantTx,
    valid_from: Date,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    sqlx::query(
        "UPDATE minimum_spends SET withdrawn_at = $3, withdrawn_by = $4
         WHERE tenant_id = $1 AND valid_from = to_date($2, 'YYYY-MM-DD') AND withdrawn_at IS NULL",
    )
    .bind(tx.tenant())
    .bind(valid_from.to_string())
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Minimum, valid_from.to_string())]).await
}
