//! Listing the facts of a ledger.

use jiff::Timestamp;
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::BillingError;
use crate::event::Recorded;
use crate::store::facts as store;

/// Which facts are wanted; what is none leaves none out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FactRange {
    pub(crate) after_sequence: i64,
    pub(crate) until_sequence: Option<i64>,
    /// Those that were effective from this time on, and before the other.
    pub(crate) effective: (Option<Timestamp>, Option<Timestamp>),
}

/// The facts of a range, in order.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
    range: &FactRange,
    most: u32,
) -> Result<Vec<Recorded>, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let found = store::list(&mut tx, range, most).await?;
    tx.commit().await?;
    Ok(found)
}
