//! Listing intervals.

use jiff::Timestamp;
use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_seats::SeatClass;
use usher_store::Database;

use crate::error::BillingError;
use crate::interval::Interval;
use crate::invoices;
use crate::store::intervals as store;

/// Which intervals are wanted; what is none or false leaves none out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IntervalFilter {
    pub(crate) person: Option<PersonKey>,
    pub(crate) class: Option<SeatClass>,
    pub(crate) open_only: bool,
    /// Those that have an instant from this one on, and before the other.
    pub(crate) overlap: (Option<Timestamp>, Option<Timestamp>),
}

/// A page of intervals by person and number, after those given, as states gave them until a time.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
    filter: &IntervalFilter,
    known_at: Option<Timestamp>,
    (after, most): ((PersonKey, i64), u32),
) -> Result<Vec<Interval>, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let sequence = invoices::sequence(&mut tx, known_at).await?;
    let found = store::page(&mut tx, sequence, filter, after, most).await?;
    tx.commit().await?;
    Ok(found)
}
