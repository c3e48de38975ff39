//! Sums of postings, for verification.

use sqlx::FromRow;
use usher_store::TenantTx;

use crate::error::BillingError;

/// Sums of the postings about a period.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct Sums {
    /// The sum of the postings of a period's invoice.
    pub(crate) all: i64,
    /// The part of that sum on the receivable.
    pub(crate) receivable: i64,
    /// The largest absolute sum of the postings of any note that credits the period.
    pub(crate) credit_notes: i64,
}

/// Sums the postings of a period's close, and of the notes about it.
pub(crate) async fn of_period(tx: &mut TenantTx, ordinal: i64) -> Result<Sums, BillingError> {
    let sums = sqlx::query_as(
        "SELECT coalesce(sum(amount_minor), 0)::bigint AS all,
           coalesce(sum(amount_minor) FILTER (WHERE account = 'receivable:' || $2), 0)::bigint AS receivable,
           (SELECT coalesce(max(abs(n.sum)), 0)::bigint FROM (
              SELECT sum(p.amount_minor) FROM credit_note_postings p
              JOIN credit_notes c ON c.tenant_id = p.tenant_id AND c.note_id = p.note_id
              WHERE p.tenant_id = $1 AND c.tenant_id = $1 AND c.ordinal = $2 GROUP BY p.note_id) n) AS credit_notes
         FROM postings WHERE tenant_id = $1 AND ordinal = $2",
    )
    .bind(tx.tenant())
    .bind(ordinal)
    .fetch_one(tx.conn())
    .await?;
    Ok(sums)
}
