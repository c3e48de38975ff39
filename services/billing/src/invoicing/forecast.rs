//! Computes what a period is expected to cost.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_rating::{Member, Stay, Tally, rate};
use usher_seats::LineKind;
use usher_store::Database;

use crate::error::BillingError;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::line;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::period_seats::PeriodSeats;
use crate::invoicing::scheduled_changes;
use crate::invoicing::scheduled_changes::ScheduledChange;
use crate::invoicing::view::View;
use crate::ledger::as_of;
use crate::sql::LONGEST_SCAN;
use crate::terms::accounts;
use crate::terms::model::account::Account;
use crate::terms::model::price_version;
use crate::terms::model::what_if::WhatIf;

/// A forecast, and how it was computed. Amounts are in the account's currency.
pub(crate) struct Forecast {
    pub(crate) account: Account,
    /// The first date of the period, and the date after the last date.
    pub(crate) dates: (Date, Date),
    /// The cost of seats so far.
    pub(crate) accrued_minor: i64,
    /// The expected cost of seats for the rest of the period.
    pub(crate) remainder_minor: i64,
    /// The amounts of floors and the minimum.
    pub(crate) floor_minor: i64,
    /// The amounts of true-ups and of adjustments of earlier periods.
    pub(crate) other_minor: i64,
    pub(crate) expected_minor: i64,
    pub(crate) scheduled: Vec<ScheduledChange>,
    pub(crate) basis: String,
}

/// Forecasts under the assumption that nobody is added or removed after a time; scheduled changes are included.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    first: Date,
    known_at: Option<Timestamp>,
) -> Result<Forecast, BillingError> {
    let scope = ctx.scope(Permission::BillingRead)?;
    let database = database.scoped(&scope);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let period = accounts::period(&mut tx, first).await?;
    let known = as_of::knowledge(&mut tx, known_at, scope.now()).await?;
    let view = View::new(&mut tx, period, known).await?;
    let book = Book::load(&mut tx, view.known).await?;
    let (mut accrual, nothing) = (Accrual::new(&view), WhatIf::default());
    let dates = (&view.period, &view.calendar);
    let seats = PeriodSeats::read(&mut tx, &book, dates, &nothing, |stays| accrual.add(stays)).await?;
    tx.commit().await?;
    let accrued_minor = accrual.minor(&book)?;
    let scheduled = scheduled_changes::of(&book, &view);
    let draft = book.invoice(&view.period, &seats, &nothing)?;
    let basis = basis(&view, accrual.open)?;
    let (dates, account) = ((view.period.first, view.period.end), view.period.account);
    let own = |line: &&InvoiceLine| draft.currencies.of(line) == Some(&account.currency);
    let sum = |kinds: &[LineKind]| {
        line::total(draft.lines.iter().filter(own).filter(|line| kinds.contains(&line.charge.kind())))
    };
    let seats_minor = sum(&[LineKind::Seat])?;
    let (floor_minor, other_minor) =
        (sum(&[LineKind::Floor, LineKind::MinimumSpend])?, sum(&[LineKind::TrueUp, LineKind::Adjustment])?);
    Ok(Forecast {
        accrued_minor,
        remainder_minor: seats_minor - accrued_minor,
        floor_minor,
        other_minor,
        expected_minor: seats_minor.saturating_add(floor_minor).saturating_add(other_minor),
        scheduled,
        basis,
        account,
        dates,
    })
}

/// Describes for people how the forecast was computed.
fn basis(view: &View, open: i64) -> Result<String, BillingError> {
    let begins = Timestamp::from_microsecond(view.calendar.open())
        .map_err(|_| BillingError::Stored("an instant out of range".to_owned()))?;
    Ok(format!(
        "{open} seats are open at {} and stay open to {}; prices as scheduled; fact {}",
        view.known.at.max(begins),
        view.period.end,
        view.known.sequence
    ))
}

/// The cost of seats until the last instant of a view, and the number of open seats at that instant.
struct Accrual<'v> {
    view: &'v View,
    tally: Tally,
    open: i64,
}

impl<'v> Accrual<'v> {
    fn new(view: &'v View) -> Self {
        Self { view, tally: Tally::new(&usher_rating::classes(), &view.calendar), open: 0 }
    }

    fn add(&mut self, stays: &[Stay<PersonKey>]) {
        let now = self.view.known.at.as_microsecond();
        let begun = stays.iter().filter(|stay| stay.start < now);
        let so_far = begun.map(|stay| Stay { end: Some(stay.end.unwrap_or(i64::MAX).min(now)), ..*stay });
        if let Some(so_far) = Member::new(so_far, self.tally.classes(), self.tally.calendar()) {
            self.tally.add(&so_far);
        }
        // For a future period, count the persons who are present when it begins.
        let at = self.view.last_instant().max(self.view.calendar.open());
        let held = stays.iter().any(|stay| stay.start <= at && stay.end.is_none_or(|end| at < end));
        self.open += i64::from(held);
    }

    fn minor(&self, book: &Book) -> Result<i64, BillingError> {
        let period = &self.view.period;
        let versions = book.prices(period);
        let exponent = period.account.currency.exponent;
        let lines = rate(&self.tally, &price_version::lists(&versions, exponent)?)?;
        let lines = line::own_lines((period.ordinal, exponent), &self.view.calendar, lines, &versions, 0)?;
        Ok(line::total(lines.iter().filter(|line| line.charge.kind() == LineKind::Seat))?)
    }
}
