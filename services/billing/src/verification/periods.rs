//! Verifies closed periods: what is stored about them, and that their billed amounts equal their cost.

use jiff::Timestamp;
use usher_rating::amount;
use usher_seats::SeatClass;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::closing;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::close::Close;
use crate::invoicing::model::line::{InvoiceLine, StaysDigest};
use crate::invoicing::model::period_seats::ClosedSeats;
use crate::invoicing::store::{close_lines, closes, credit_notes, postings};
use crate::ledger::members;
use crate::ledger::model::knowledge::Knowledge;
use crate::verification::model::verdict::Verdict;

/// Checks each closed period, and all of them together.
pub(super) async fn check(tx: &mut TenantTx, verdict: &mut Verdict) -> Result<(), BillingError> {
    let closed = closes::all(tx).await?;
    for pair in closed.windows(2) {
        let follows = pair[0].ordinal + 1 == pair[1].ordinal;
        if !follows || pair[0].calendar.close() != pair[1].calendar.open() {
            verdict.fault(format!(
                "the period from {} does not begin where the one before ended",
                pair[1].first
            ));
        }
    }
    for close in &closed {
        let lines = close_lines::of_period(tx, close.ordinal).await?;
        snapshot(tx, close, &lines, verdict).await?;
        for (number, line) in (1..).zip(&lines) {
            if amount::round(&line.exact) != Some(line.amount_minor) {
                verdict.fault(format!(
                    "line {number} of the period from {} is not rounded correctly",
                    close.first
                ));
            }
        }
        booked(tx, close, &lines, verdict).await?;
    }
    recompute(tx, &closed, verdict).await
}

/// Checks the hash of the snapshot, and that its seats follow from the facts.
async fn snapshot(
    tx: &mut TenantTx,
    close: &Close,
    lines: &[InvoiceLine],
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    let days = closes::days(tx, close).await?;
    if closing::snapshot_hash(close, &days, lines) != close.hash {
        verdict.fault(format!("the snapshot of the period from {} does not have its hash", close.first));
    }
    let mut digest = StaysDigest::default();
    members::each(tx, close.sequence, &close.calendar, |member| digest.add(member)).await?;
    if digest.finish() != close.stays_digest {
        verdict.fault(format!("the seats of the period from {} are not those that were closed", close.first));
    }
    Ok(())
}

/// Checks that postings sum to zero, that the receivable equals the total, and that no line is credited by more than
/// its amount.
async fn booked(
    tx: &mut TenantTx,
    close: &Close,
    lines: &[InvoiceLine],
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    let sums = postings::of_period(tx, close.ordinal).await?;
    if sums.all != 0 || sums.credit_notes != 0 {
        verdict.fault(format!("the postings of the period from {} do not sum to zero", close.first));
    }
    if sums.receivable != close.total_minor {
        verdict.fault(format!("the receivable of the period from {} is not its total", close.first));
    }
    let credits = close_lines::credits(tx, close.ordinal + 1, Timestamp::MAX).await?;
    if credits.get(&close.currency).copied().unwrap_or_default() != close.credit_minor {
        verdict
            .fault(format!("the period from {} does not carry forward the amount of its lines", close.first));
    }
    for (line_no, credited) in credit_notes::credited(tx, close.ordinal).await? {
        let index = usize::try_from(line_no).ok().and_then(|number| number.checked_sub(1));
        let billed = index.and_then(|index| lines.get(index)).map_or(0, |line| line.amount_minor);
        if credited > billed {
            verdict.fault(format!(
                "line {line_no} of the period from {} is credited beyond its amount",
                close.first
            ));
        }
    }
    Ok(())
}

/// Checks that the billed amount of each closed period, adjustments included, equals its cost as of the last close.
async fn recompute(tx: &mut TenantTx, closed: &[Close], verdict: &mut Verdict) -> Result<(), BillingError> {
    let Some(last) = closed.last() else { return Ok(()) };
    let known = Knowledge { sequence: last.sequence, at: last.closed_at };
    let book = Book::load(tx, known).await?;
    for close in closed {
        match differences(tx, &book, close).await {
            Ok(differences) => {
                for line in differences {
                    verdict.fault(format!(
                        "the billed amount of class {} for the period from {} differs by {} from its cost",
                        line.charge.class().map_or("(none)", SeatClass::as_str),
                        close.first,
                        line.amount_minor
                    ));
                }
            }
            Err(error @ (BillingError::Rating(_) | BillingError::ClosedUnpriced { .. })) => {
                verdict.fault(format!("the period from {} can't be rated again: {error}", close.first));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the differences between the cost of a closed period and all that was billed for it.
async fn differences(
    tx: &mut TenantTx,
    book: &Book,
    close: &Close,
) -> Result<Vec<InvoiceLine>, BillingError> {
    let (seats, pools) = ClosedSeats::read(tx, book, close).await?;
    book.differences(&seats, &pools)
}
