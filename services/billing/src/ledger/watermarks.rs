//! Watermarks: the time up to which identity has sent everything.

use jiff::{SignedDuration, Timestamp};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::model::head::{AHEAD, Watermark};
use crate::ledger::model::span::Span;
use crate::ledger::seats_in_use;
use crate::ledger::seats_in_use::Links;
use crate::ledger::store::{history, ledgers};

/// Maximum age of a comparison of states before a new one is requested.
const COMPARE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// The actions that billing requests from the producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Send the missing events.
    pub(crate) behind: bool,
    /// Compare the states of users.
    pub(crate) compare: bool,
    /// Adopt these links between persons.
    pub(crate) links: Option<Links>,
}

/// Returns whether a watermark is ahead of the clock.
pub(crate) fn is_ahead(watermark: Watermark, now: Timestamp) -> bool {
    let is_ahead = watermark.at > now + AHEAD;
    if is_ahead {
        tracing::error!(as_of = %watermark.at, "a watermark is ahead of the clock and was not recorded; correct the clocks");
        metrics::counter!("usher_ledger_watermarks_ahead_total").increment(1);
    }
    is_ahead
}

/// Records a watermark; `known_links` is the version of the links that the producer has. Watermarks never go back.
/// Returns the actions requested from the producer, and whether this is the epoch's first watermark.
pub(crate) async fn advance(
    tx: &mut TenantTx,
    now: Timestamp,
    epoch: i64,
    watermark: Watermark,
    known_links: &str,
) -> Result<(Wish, bool), BillingError> {
    let mut ledger = ledgers::lock(tx, epoch).await?;
    if ledger.epoch != epoch {
        return Ok((Wish { behind: true, compare: false, links: None }, false));
    }
    let is_first = ledger.watermark.is_none();
    if ledger.watermark.is_none_or(|known| known.at < watermark.at) {
        ledger.watermark = Some(watermark);
        // The first watermark starts the schedule; a close that needs a proof earlier requests it.
        ledger.compared_at = ledger.compared_at.or(Some(now));
        let behind = ledger.acknowledged_sequence < watermark.sequence;
        let next = Span { since: now, first: watermark.at, until: now, last: watermark.at, behind };
        ledger.span = match ledger.span {
            Some(span) if span.goes_on(now, watermark.at, behind) => {
                Some(Span { until: now, last: watermark.at, ..span })
            }
            Some(span) => {
                history::insert_span(tx, &span).await?;
                Some(next)
            }
            None => Some(next),
        };
        ledgers::save(tx, &ledger).await?;
    }
    let links = seats_in_use::newer(tx, known_links).await?;
    let old = ledger.compared_at.is_some_and(|at| now.duration_since(at) >= COMPARE_EVERY);
    let wish = Wish {
        behind: ledger.acknowledged_sequence < watermark.sequence,
        compare: ledger.digest_wanted || (old && ledger.reconciled_sequence < watermark.sequence),
        links,
    };
    Ok((wish, is_first))
}
