//! The end of the closed periods: terms before it must not change.

use jiff::civil::Date;
use usher_rating::Calendar;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::sql::{corrupt, date};

/// Returns the date after the last closed period.
pub(crate) async fn closed_until(tx: &mut TenantTx) -> Result<Option<Date>, BillingError> {
    let end: Option<String> = sqlx::query_scalar(
        "SELECT to_char(end_date, 'YYYY-MM-DD') FROM closes WHERE tenant_id = $1 ORDER BY ordinal DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .fetch_optional(tx.conn())
    .await?;
    end.map(|end| date("closes", "end_date", &end)).transpose()
}

/// Returns the number of the last closed period.
pub(crate) async fn last_ordinal(tx: &mut TenantTx) -> Result<Option<i64>, BillingError> {
    let last = sqlx::query_scalar("SELECT max(ordinal) FROM closes WHERE tenant_id = $1")
        .bind(tx.tenant())
        .fetch_one(tx.conn())
        .await?;
    Ok(last)
}

/// Returns the calendars of closed periods as they were recorded, oldest first.
pub(crate) async fn calendars(tx: &mut TenantTx) -> Result<Vec<Calendar>, BillingError> {
    let rows: Vec<(String, String, Vec<i64>)> = sqlx::query_as(
        "SELECT to_char(first_date, 'YYYY-MM-DD'), to_char(end_date, 'YYYY-MM-DD'), starts
         FROM closes WHERE tenant_id = $1 ORDER BY ordinal",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    let calendar = |(first, end, starts): (String, String, Vec<i64>)| {
        Calendar::recorded(date("closes", "first_date", &first)?, date("closes", "end_date", &end)?, starts)
            .map_err(|_| corrupt("closes", "starts"))
    };
    rows.into_iter().map(calendar).collect()
}
