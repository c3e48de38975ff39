//! What a period costs by what is known at a number of the ledger.

use std::collections::BTreeMap;

use usher_store::TenantTx;

use crate::audit::model::hash::Hash;
use crate::error::BillingError;
use crate::invoicing::model::close::Close;
use crate::invoicing::model::credit_note::CreditNote;
use crate::invoicing::model::line;
use crate::invoicing::model::line::{BilledFor, InvoiceLine, StaysDigest};
use crate::invoicing::model::settlement::{Currencies, Settlements, settle};
use crate::invoicing::store::{close_lines, closes, credit_notes};
use crate::invoicing::true_up;
use crate::ledger::members;
use crate::ledger::model::knowledge::Knowledge;
use crate::ledger::store::facts;
use crate::rating;
use crate::rating::{Calendar, DailyCount, RatingError, Tally, rate};
use crate::terms::model::period::{Period, Schedule};
use crate::terms::model::price_version;
use crate::terms::model::what_if::WhatIf;
use crate::terms::prices;
use crate::terms::store::{accounts, minimums};

/// A period's invoice, not closed.
pub(crate) struct Draft {
    pub(crate) period: Period,
    pub(crate) calendar: Calendar,
    /// By class and date.
    pub(crate) counts: Vec<Vec<DailyCount>>,
    /// Over who was billable when, by the ledger's facts.
    pub(crate) stays_digest: Hash,
    pub(crate) lines: Vec<InvoiceLine>,
    /// Of the periods that the lines are about.
    pub(crate) currencies: Currencies,
    pub(crate) settlements: Settlements,
    /// The last fact that is counted.
    pub(crate) sequence: i64,
}

/// Rates a period by its own prices, with the true-ups of quarters that end in it.
async fn own(
    tx: &mut TenantTx,
    period: &Period,
    calendar: &Calendar,
    tally: &Tally,
    known: Knowledge,
    what_if: &WhatIf,
) -> Result<Vec<InvoiceLine>, BillingError> {
    let versions = what_if.prices(prices::since(tx, period.currency_since, known.at).await?)?;
    let exponent = period.account.currency.exponent;
    let lines = rate(tally, &price_version::lists(&versions, exponent)?)?;
    let minimum = minimums::of(tx, period, known.at).await?;
    let mut lines = line::own_lines((period.ordinal, exponent), calendar, lines, &versions, minimum)?;
    // After the minimum, which is of what the period itself uses.
    lines.extend(true_up::lines(tx, period, known).await?);
    Ok(lines)
}

/// Drafts a period's invoice, also by other prices or counts than the ledger's. The first that is not
/// closed also has what new facts make of those that are, and what was carried forward.
pub(crate) async fn draft(
    tx: &mut TenantTx,
    period: Period,
    known: Knowledge,
    what_if: &WhatIf,
) -> Result<Draft, BillingError> {
    let calendar = period.calendar()?;
    let classes = rating::classes();
    let (mut tally, mut digest) = (Tally::new(&classes, &calendar), StaysDigest::default());
    members::each(tx, known.sequence, &calendar, |member| {
        digest.add(member);
        what_if.tally(member, &classes, &calendar, &mut tally);
    })
    .await?;
    what_if.tally_seats(&mut tally);
    let mut lines = own(tx, &period, &calendar, &tally, known, what_if).await?;
    let (counts, stays_digest) = (tally.counts(), digest.finish());
    let mut closed = closes::all(tx).await?;
    closed.retain(|close| close.closed_at <= known.at && close.ordinal < period.ordinal);
    let mut carried = BTreeMap::new();
    if let Some(last) = closed.last().filter(|last| last.ordinal + 1 == period.ordinal) {
        lines.extend(adjustments(tx, &closed, last.sequence, known).await?);
        let notes = credit_notes::booked(tx, period.ordinal, known.at).await?;
        lines.extend(notes.iter().flat_map(CreditNote::invoice_lines));
        carried = close_lines::credits(tx, period.ordinal, known.at).await?;
    }
    let own = (period.ordinal, &period.account.currency);
    let earlier = closed.into_iter().map(|close| (close.ordinal, close.currency));
    let currencies = Currencies::new(earlier.chain([(own.0, own.1.clone())]));
    let settlements = settle(own, &mut lines, &currencies, &carried)?;
    Ok(Draft {
        period,
        calendar,
        counts,
        stays_digest,
        lines,
        currencies,
        settlements,
        sequence: known.sequence,
    })
}

/// What facts recorded since the last close make of closed periods: each is rated again by its own
/// dates, prices and zone, and the difference to all that was billed for it is booked.
async fn adjustments(
    tx: &mut TenantTx,
    closed: &[Close],
    since: i64,
    known: Knowledge,
) -> Result<Vec<InvoiceLine>, BillingError> {
    let Some(earliest) = facts::earliest_late(tx, since, known.sequence).await? else {
        return Ok(Vec::new());
    };
    let schedule = accounts::schedule(tx).await?;
    let mut adjustments = Vec::new();
    for close in closed {
        if close.calendar.close() > earliest {
            let before = closed.last().map_or(0, |last| last.ordinal + 1);
            adjustments.extend(adjustment(tx, &schedule, close, before, known).await?);
        }
    }
    Ok(adjustments)
}

/// The difference between what a closed period costs by what is known and what was billed for it
/// before another period.
pub(crate) async fn adjustment(
    tx: &mut TenantTx,
    schedule: &Schedule,
    close: &Close,
    before: i64,
    known: Knowledge,
) -> Result<Vec<InvoiceLine>, BillingError> {
    let period = schedule.at(close.ordinal).ok_or_else(|| {
        BillingError::Stored(format!("a closed period {} that the account has not", close.ordinal))
    })?;
    let classes = rating::classes();
    let mut tally = Tally::new(&classes, &close.calendar);
    members::each(tx, known.sequence, &close.calendar, |member| tally.add(member)).await?;
    let exact = own(tx, &period, &close.calendar, &tally, known, &WhatIf::default()).await;
    let exact = exact.map_err(|error| match error {
        BillingError::Rating(RatingError::PriceMissing { class, date }) => {
            BillingError::ClosedUnpriced { class, date }
        }
        other => other,
    })?;
    let billed = close_lines::about(tx, close.ordinal, before, known.at).await?;
    let mut of: Vec<BilledFor> = exact.iter().chain(&billed).filter_map(InvoiceLine::billed_for).collect();
    of.sort_by_key(BilledFor::order);
    of.dedup();
    let mut found = Vec::new();
    for of in of {
        let sum = |lines: &[InvoiceLine]| {
            line::total(lines.iter().filter(|line| line.billed_for().as_ref() == Some(&of)))
        };
        let difference = sum(&exact)? - sum(&billed)?;
        if difference != 0 {
            found.push(InvoiceLine::adjustment(&of, close.ordinal, difference));
        }
    }
    Ok(found)
}
