//! Report `FORECAST`: date by date, the cost so far and the expected cost if nobody is added or removed. The amounts
//! sum to the period's forecast.

use num_rational::BigRational;
use usher_rating::{DailyCharges, RatingError, amount, daily_charges};
use usher_seats::{LineKind, SeatClass};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::charge::Charge;
use crate::invoicing::model::draft::Draft;
use crate::invoicing::model::line::{InvoiceLine, total};
use crate::invoicing::model::period_seats::PeriodSeats;
use crate::invoicing::view::View;
use crate::reports::writer::{Cell, Writer};
use crate::terms::model::price_version;
use crate::terms::model::what_if::WhatIf;

pub(super) const COLUMNS: [&str; 5] = ["date", "class", "expected_seats", "expected_amount", "basis"];

/// The charges other than seats of classes, and their names in the report.
const OTHERS: [(LineKind, &str); 3] = [
    (LineKind::MinimumSpend, "what is missing to the minimum"),
    (LineKind::TrueUp, "true-ups of quarters that end in the period"),
    (LineKind::Adjustment, "adjustments of earlier periods"),
];

/// Rounds charges so that the dates sum to the rounded total: each date gets the growth of the rounded sum.
#[derive(Default)]
struct Rounded {
    sum: BigRational,
    minor: i64,
}

impl Rounded {
    fn add(&mut self, charge: &BigRational) -> Option<i64> {
        self.sum += charge;
        let minor = amount::round(&self.sum)?;
        Some(minor - std::mem::replace(&mut self.minor, minor))
    }
}

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let calendar = &view.calendar;
    let exponent = view.period.account.currency.exponent;
    let (book, nothing) = (Book::load(tx, view.known).await?, WhatIf::default());
    let seats = PeriodSeats::read(tx, &book, (&view.period, calendar), &nothing, |_| ()).await?;
    let lists = price_version::lists(&book.prices(&view.period), exponent)?;
    let amounts = daily_amounts(&daily_charges(&seats.tally, &lists)?)?;
    let draft = book.invoice(&view.period, &seats, &nothing)?;
    let counts = &draft.counts;
    let now = view.known.at.as_microsecond();
    let last = calendar.len().saturating_sub(1);
    for (day, date) in calendar.dates().iter().enumerate() {
        let basis = if calendar.start(day + 1) <= now { "recorded" } else { "seats open now stay open" };
        for class in SeatClass::BY_RANK {
            let minor = match amounts[class.index()].get(day) {
                Some(minor) => *minor,
                // A mode that counts the period as a whole is known only at its end.
                None if day == last => sum(&draft, |line| {
                    line.charge.class() == Some(class)
                        && matches!(line.charge, Charge::Seats(_) | Charge::Floor(_))
                })?,
                None => 0,
            };
            let row = [
                date.to_string().into(),
                class.as_str().into(),
                counts[class.index()][day].seat_days.into(),
                Cell::Amount(minor, exponent),
                basis.into(),
            ];
            writer.row(&row).await?;
        }
    }
    let Some(date) = calendar.dates().last() else { return Ok(()) };
    for (kind, basis) in OTHERS {
        let minor = sum(&draft, |line| line.charge.kind() == kind)?;
        if minor != 0 {
            let (date, amount) = (date.to_string().into(), Cell::Amount(minor, exponent));
            writer.row(&[date, "".into(), Cell::Empty, amount, basis.into()]).await?;
        }
    }
    Ok(())
}

/// Returns what each date adds to the lines of a class, in minor units. Returns nothing for a class whose mode counts
/// the period as a whole.
fn daily_amounts(charges: &[DailyCharges]) -> Result<Vec<Vec<i64>>, RatingError> {
    let of_class = |(class, charges): (usize, &DailyCharges)| {
        let (mut seats, mut floors) = (Rounded::default(), Rounded::default());
        let days = charges.seats.iter().zip(&charges.floors);
        let minor = |(seat, floor)| Some(seats.add(seat)? + floors.add(floor)?);
        let minor = days.map(minor).collect::<Option<Vec<i64>>>();
        minor.ok_or_else(|| RatingError::TooLarge(SeatClass::at(class).to_string()))
    };
    charges.iter().enumerate().map(of_class).collect()
}

/// Sums the selected lines in the period's own currency.
fn sum(draft: &Draft, meant: impl Fn(&InvoiceLine) -> bool) -> Result<i64, RatingError> {
    let own = |line: &&InvoiceLine| draft.currencies.of(line) == Some(&draft.period.account.currency);
    total(draft.lines.iter().filter(own).filter(|line| meant(line)))
}
