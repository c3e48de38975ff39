//! Lists intervals.

use jiff::Timestamp;
use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_rating::interval::Interval;
use usher_store::Database;

use crate::error::BillingError;
use crate::ledger::as_of;
use crate::ledger::model::interval_filter::IntervalFilter;
use crate::ledger::store::intervals as store;

/// Returns a page of intervals by person and number, as of a time; without corrections and links.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
    filter: &IntervalFilter,
    known_at: Option<Timestamp>,
    (after, most): ((PersonKey, i64), u32),
) -> Result<Vec<Interval>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.begin().await?;
    let sequence = as_of::sequence(&mut tx, known_at).await?;
    let found = store::page(&mut tx, sequence, filter, after, most).await?;
    tx.commit().await?;
    Ok(found)
}
