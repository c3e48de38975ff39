//! Lists the facts of a ledger.

use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::BillingError;
use crate::ledger::model::event::Recorded;
use crate::ledger::model::fact_range::FactRange;
use crate::ledger::store::facts as store;

/// Returns the facts of a range, in order.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
    range: &FactRange,
    most: u32,
) -> Result<Vec<Recorded>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.begin().await?;
    let found = store::list(&mut tx, range, most).await?;
    tx.commit().await?;
    Ok(found)
}
