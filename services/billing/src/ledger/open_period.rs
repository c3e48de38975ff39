//! The first open period.

use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::store::facts;
use crate::terms::model::period::Period;
use crate::terms::store::{accounts, closed};

/// Returns the first period that is not closed. Returns `None` if no fact is recorded.
pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<Period>, BillingError> {
    let schedule = accounts::schedule(tx).await?;
    if let Some(last) = closed::last_ordinal(tx).await? {
        return Ok(schedule.at(last + 1));
    }
    let first = facts::first_instant(tx).await?;
    // Persons from before the account's first period are counted from its start.
    Ok(first.and_then(|at| schedule.at_instant(at.as_microsecond()).or_else(|| schedule.at(0))))
}
