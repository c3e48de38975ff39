//! Up to when identity has sent everything.

use jiff::{SignedDuration, Timestamp};
use usher_store::ScopedDatabase;

use crate::error::BillingError;
use crate::ledger::Watermark;
use crate::store::ledgers;

/// How old a comparison of states may become before another is asked for.
const COMPARE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What the producer should do next about a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Send the events that are missing.
    pub(crate) behind: bool,
    /// Compare states.
    pub(crate) compare: bool,
}

/// Takes a watermark over. It never goes back.
pub(crate) async fn advance(
    database: &ScopedDatabase,
    now: Timestamp,
    epoch: i64,
    watermark: Watermark,
) -> Result<Wish, BillingError> {
    let mut tx = database.begin().await?;
    let mut ledger = ledgers::lock(&mut tx, epoch).await?;
    if ledger.epoch != epoch {
        return Ok(Wish { behind: true, compare: false });
    }
    if ledger.watermark.is_none_or(|known| known.at < watermark.at) {
        ledger.watermark = Some(watermark);
        // The schedule begins with the first watermark; a close that needs a proof earlier asks for it.
        ledger.compared_at = ledger.compared_at.or(Some(now));
        ledgers::save(&mut tx, &ledger).await?;
    }
    tx.commit().await?;
    let old = ledger.compared_at.is_some_and(|at| now.duration_since(at) >= COMPARE_EVERY);
    Ok(Wish {
        behind: ledger.acknowledged_sequence < watermark.sequence,
        compare: ledger.digest_wanted || (old && ledger.reconciled_sequence < watermark.sequence),
    })
}
