//! The producer's epochs, and the times that they set back.

use jiff::Timestamp;
use usher_store::{TenantTx, Time};

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::ledger::model::set_back::SetBack;

/// The SQL expression for when a state `e` counts: its effective time, unless an epoch set that back. `$1` is the
/// tenant.
pub(crate) const COUNTS_AT: &str =
    "CASE WHEN e.kind <> 'state' THEN e.effective_at ELSE least(e.effective_at, (
    SELECT min(p.set_back_to + (e.sequence - p.moved_from) * interval '1 microsecond') FROM epochs p
    WHERE p.tenant_id = $1 AND e.sequence BETWEEN p.moved_from AND p.moved_until)) END";

/// How an epoch began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch<'a> {
    pub(crate) number: i64,
    /// The producer's number at the start of the epoch.
    pub(crate) base_sequence: i64,
    pub(crate) reason: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) differences: i64,
    pub(crate) set_back: Option<SetBack>,
}

/// Records the start of an epoch.
pub(crate) async fn insert(tx: &mut TenantTx, epoch: &Epoch<'_>) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO epochs (tenant_id, epoch, base_sequence, reason, begun_at, differences, set_back_to, moved_from,
           moved_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(tx.tenant())
    .bind(epoch.number)
    .bind(epoch.base_sequence)
    .bind(epoch.reason)
    .bind(Time(epoch.at))
    .bind(epoch.differences)
    .bind(epoch.set_back.map(|back| Time(back.to)))
    .bind(epoch.set_back.map(|back| back.from_sequence))
    .bind(epoch.set_back.map(|back| back.until_sequence))
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Epoch, epoch.number.to_string())]).await
}

/// Returns the number of differences at the start of an epoch. Returns `None` if the epoch has not begun.
pub(crate) async fn differences(tx: &mut TenantTx, epoch: i64) -> Result<Option<i64>, BillingError> {
    let found = sqlx::query_scalar("SELECT differences FROM epochs WHERE tenant_id = $1 AND epoch = $2")
        .bind(tx.tenant())
        .bind(epoch)
        .fetch_optional(tx.conn())
        .await?;
    Ok(found)
}

/// Returns the first state that is effective after a time and has not been set back before.
pub(crate) async fn first_after(tx: &mut TenantTx, at: Timestamp) -> Result<Option<i64>, BillingError> {
    let found = sqlx::query_scalar(
        "SELECT min(sequence) FROM events
         WHERE tenant_id = $1 AND kind = 'state' AND effective_at > $2 AND sequence > coalesce(
           (SELECT max(moved_until) FROM epochs WHERE tenant_id = $1), 0)",
    )
    .bind(tx.tenant())
    .bind(Time(at))
    .fetch_one(tx.conn())
    .await?;
    Ok(found)
}
