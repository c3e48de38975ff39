//! Up to when identity has sent everything.

use jiff::{SignedDuration, Timestamp};
use usher_store::ScopedDatabase;

use crate::error::BillingError;
use crate::ledger::{AHEAD, Watermark};
use crate::links::{self, Links};
use crate::store::{history, ledgers};

/// How old a comparison of states may become before another is asked for.
const COMPARE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Watermarks that come no further apart, and are no older, are one span.
const STEADY: SignedDuration = SignedDuration::from_secs(60);
/// So far behind a ledger can be within a span.
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// Watermarks that came one soon after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// When the first came, and what it was.
    pub(crate) since: Timestamp,
    pub(crate) first: Timestamp,
    /// When the last came, and what it was.
    pub(crate) until: Timestamp,
    pub(crate) last: Timestamp,
    /// Whether events were missing at each of them.
    pub(crate) behind: bool,
}

impl Span {
    /// Whether a watermark that comes now goes on with it.
    fn goes_on(&self, now: Timestamp, as_of: Timestamp, behind: bool) -> bool {
        self.behind == behind
            && now.duration_since(self.until) <= STEADY
            && self.until.duration_since(self.last) <= STEADY
            && now.duration_since(as_of) <= STEADY
    }

    /// The least that the last watermark can have been at a time since the span began: the same,
    /// whether the span went on after that time or not.
    pub(crate) fn as_of(&self, at: Timestamp) -> Timestamp {
        if at <= self.until || at.duration_since(self.last) < TOLERANCE {
            self.first.max(at - TOLERANCE)
        } else {
            self.last
        }
    }
}

/// What the producer should do next about a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Send the events that are missing.
    pub(crate) behind: bool,
    /// Compare states.
    pub(crate) compare: bool,
    /// Take these links over.
    pub(crate) links: Option<Links>,
}

/// Takes a watermark over; `known_links` is the version of the links that the producer has. It never goes back. One
/// that is ahead of the clock is not taken over: it would prove what nobody knows yet.
pub(crate) async fn advance(
    database: &ScopedDatabase,
    now: Timestamp,
    epoch: i64,
    watermark: Watermark,
    known_links: &str,
) -> Result<Option<Wish>, BillingError> {
    if watermark.at > now + AHEAD {
        tracing::error!(as_of = %watermark.at, "a watermark is ahead of the clock and was not taken over; set the clocks right");
        metrics::counter!("usher_ledger_watermarks_ahead_total").increment(1);
        return Ok(None);
    }
    let mut tx = database.begin_at(now).await?;
    let mut ledger = ledgers::lock(&mut tx, epoch).await?;
    if ledger.epoch != epoch {
        return Ok(Some(Wish { behind: true, compare: false, links: None }));
    }
    if ledger.watermark.is_none_or(|known| known.at < watermark.at) {
        ledger.watermark = Some(watermark);
        // The schedule begins with the first watermark; a close that needs a proof earlier asks for it.
        ledger.compared_at = ledger.compared_at.or(Some(now));
        let behind = ledger.acknowledged_sequence < watermark.sequence;
        let next = Span { since: now, first: watermark.at, until: now, last: watermark.at, behind };
        ledger.span = match ledger.span {
            Some(span) if span.goes_on(now, watermark.at, behind) => {
                Some(Span { until: now, last: watermark.at, ..span })
            }
            Some(span) => {
                history::insert_span(&mut tx, &span).await?;
                Some(next)
            }
            None => Some(next),
        };
        ledgers::save(&mut tx, &ledger).await?;
    }
    let links = links::newer(&mut tx, known_links).await?;
    tx.commit().await?;
    let old = ledger.compared_at.is_some_and(|at| now.duration_since(at) >= COMPARE_EVERY);
    Ok(Some(Wish {
        behind: ledger.acknowledged_sequence < watermark.sequence,
        compare: ledger.digest_wanted || (old && ledger.reconciled_sequence < watermark.sequence),
        links,
    }))
}
