//! Reads as of a time.

use jiff::Timestamp;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::model::knowledge::Knowledge;
use crate::ledger::store::{facts, ledgers};

/// Returns what was known at a time, or what is known now.
pub(crate) async fn knowledge(
    tx: &mut TenantTx,
    known_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Knowledge, BillingError> {
    let sequence = sequence(tx, known_at).await?;
    Ok(Knowledge { sequence, at: known_at.unwrap_or(now) })
}

/// Returns the number of the last fact that was known at a time, or is known now.
pub(crate) async fn sequence(tx: &mut TenantTx, known_at: Option<Timestamp>) -> Result<i64, BillingError> {
    match known_at {
        Some(known_at) => facts::sequence_at(tx, known_at).await,
        None => Ok(ledgers::find(tx).await?.map_or(0, |ledger| ledger.sequence)),
    }
}
