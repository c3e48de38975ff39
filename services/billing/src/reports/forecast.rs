//! Date by date: what was until now, and what is expected if nobody comes or goes.

use num_rational::BigRational;
use num_traits::Zero as _;
use usher_store::TenantTx;

use super::writer::{Cell, Writer};
use crate::class::SeatClass;
use crate::error::BillingError;
use crate::members;
use crate::price;
use crate::prices;
use crate::rating::{Tally, amount, daily_charges};
use crate::view::View;

pub(super) const COLUMNS: [&str; 5] = ["date", "class", "expected_seats", "expected_amount", "basis"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let calendar = &view.calendar;
    let exponent = view.period.account.currency.exponent;
    let classes = SeatClass::rated();
    let mut tally = Tally::new(&classes, calendar);
    members::each(tx, view.known.sequence, calendar, |member| tally.add(member)).await?;
    let lists = price::lists(&prices::since(tx, view.period.currency_since, view.known.at).await?, exponent)?;
    let charges = daily_charges(&tally, &lists)?;
    let counts = tally.counts();
    let now = view.known.at.as_microsecond();
    for (day, date) in calendar.dates().iter().enumerate() {
        let basis = if calendar.start(day + 1) <= now { "recorded" } else { "seats open now stay open" };
        for class in SeatClass::BY_RANK {
            let charge = charges[class.index()].get(day).cloned().unwrap_or_else(BigRational::zero);
            let row = [
                date.to_string().into(),
                class.as_str().into(),
                counts[class.index()][day].seat_days.into(),
                amount::round(&charge).map_or(Cell::Empty, |minor| Cell::Amount(minor, exponent)),
                basis.into(),
            ];
            writer.row(&row).await?;
        }
    }
    Ok(())
}
