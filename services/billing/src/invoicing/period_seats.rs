//! Counts seats: one pass over all persons gives everything that an invoice needs.

use usher_base::id::PersonKey;
use usher_rating::{Calendar, Member, Stay, Tally};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::close::Close;
use crate::invoicing::model::line::StaysDigest;
use crate::invoicing::model::period_seats::{ClosedSeats, PeriodSeats};
use crate::invoicing::store::close_lines;
use crate::ledger::members;
use crate::ledger::model::pool_usage::{PoolChanges, PoolUsages};
use crate::ledger::store::facts;
use crate::terms::model::bought_term::Commitment;
use crate::terms::model::period::Period;
use crate::terms::model::what_if::WhatIf;

impl PeriodSeats {
    /// Counts the seats of a period by its calendar. Calls `visit` with each person's intervals in and around the
    /// period.
    pub(crate) async fn read(
        tx: &mut TenantTx,
        book: &Book,
        (period, calendar): (&Period, &Calendar),
        what_if: &WhatIf,
        mut visit: impl FnMut(&[Stay<PersonKey>]),
    ) -> Result<Self, BillingError> {
        let closes = changed_closes(tx, book, period).await?;
        let mut changes = PoolChanges::none();
        meter(book, period, &mut changes)?;
        for close in &closes {
            meter(book, &book.closed_period(close.ordinal)?, &mut changes)?;
        }
        let classes = usher_rating::classes();
        let (mut tally, mut digest) = (Tally::new(&classes, calendar), StaysDigest::default());
        let mut tallies: Vec<Tally> =
            closes.iter().map(|close| Tally::new(&classes, &close.calendar)).collect();
        let calendars = closes.iter().map(|close| &close.calendar).chain([calendar]);
        let span = changes.span(calendars);
        members::each_person(tx, book.as_of.sequence, span, |stays| {
            visit(stays);
            changes.add(stays);
            if let Some(member) = Member::new(stays.iter().copied(), &classes, calendar) {
                digest.add(&member);
                what_if.tally(&member, &classes, calendar, &mut tally);
            }
            for tally in &mut tallies {
                count(stays, tally);
            }
        })
        .await?;
        what_if.tally_seats(&mut tally);
        let mut earlier = Vec::with_capacity(tallies.len());
        for (close, tally) in closes.iter().zip(tallies) {
            let billed = close_lines::about(tx, close.ordinal, period.ordinal, book.as_of.at).await?;
            earlier.push(ClosedSeats { ordinal: close.ordinal, tally, billed });
        }
        Ok(Self {
            calendar: calendar.clone(),
            tally,
            stays_digest: digest.finish(),
            closed: earlier,
            pools: changes.finish(),
        })
    }
}

impl ClosedSeats {
    /// Counts the seats of a closed period again, with everything that was ever billed for it.
    pub(crate) async fn read(
        tx: &mut TenantTx,
        book: &Book,
        close: &Close,
    ) -> Result<(Self, PoolUsages), BillingError> {
        let mut changes = PoolChanges::none();
        meter(book, &book.closed_period(close.ordinal)?, &mut changes)?;
        let mut tally = Tally::new(&usher_rating::classes(), &close.calendar);
        let span = changes.span([&close.calendar]);
        members::each_person(tx, book.as_of.sequence, span, |stays| {
            changes.add(stays);
            count(stays, &mut tally);
        })
        .await?;
        let billed = close_lines::about(tx, close.ordinal, i64::MAX, book.as_of.at).await?;
        Ok((Self { ordinal: close.ordinal, tally, billed }, changes.finish()))
    }
}

impl PoolUsages {
    /// Counts the open seats of the commitments' pools, over a calendar and all quarters that end before it does.
    pub(crate) async fn read(
        tx: &mut TenantTx,
        book: &Book,
        commitments: &[&Commitment],
        (calendar, period): (&Calendar, &Period),
    ) -> Result<Self, BillingError> {
        let mut changes = PoolChanges::none();
        for commitment in commitments {
            changes.cover(commitment.pool, calendar);
            for (_, quarter) in book.metered_quarters(commitment, period.end)? {
                changes.cover(commitment.pool, &quarter);
            }
        }
        let span = changes.span([calendar]);
        members::each_person(tx, book.as_of.sequence, span, |stays| changes.add(stays)).await?;
        Ok(changes.finish())
    }
}

/// Adds a person to the tally of the period.
fn count(stays: &[Stay<PersonKey>], tally: &mut Tally) {
    if let Some(member) = Member::new(stays.iter().copied(), tally.classes(), tally.calendar()) {
        tally.add(&member);
    }
}

/// Registers the pools to be counted, over the quarters that decide about a period's true-ups.
fn meter(book: &Book, period: &Period, changes: &mut PoolChanges) -> Result<(), BillingError> {
    for commitment in book.trued_up_in(period) {
        for (_, quarter) in book.metered_quarters(commitment, period.end)? {
            changes.cover(commitment.pool, &quarter);
        }
    }
    Ok(())
}

/// Returns the closed periods that facts have changed since the close before a period.
async fn changed_closes<'b>(
    tx: &mut TenantTx,
    book: &'b Book,
    period: &Period,
) -> Result<Vec<&'b Close>, BillingError> {
    let Some(last) = book.close_before(period) else { return Ok(Vec::new()) };
    let Some(earliest) = facts::earliest_late(tx, last.sequence, book.as_of.sequence).await? else {
        return Ok(Vec::new());
    };
    let changed = |close: &&Close| close.ordinal < period.ordinal && close.calendar.close() > earliest;
    Ok(book.closes.iter().filter(changed).collect())
}
