//! Date by date: what was until now, and what is expected if nobody comes or goes.

use num_rational::BigRational;
use num_traits::Zero as _;
use usher_store::TenantTx;

use super::Subject;
use super::writer::{Cell, Writer};
use crate::class::SeatClass;
use crate::draft::{self};
use crate::error::BillingError;
use crate::price;
use crate::rating::count::daily;
use crate::rating::{Presence, amount, daily_charges};
use crate::store::prices;

pub(super) const COLUMNS: [&str; 5] = ["date", "class", "expected_seats", "expected_amount", "basis"];

pub(super) async fn write(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    let calendar = subject.period.calendar()?;
    let exponent = subject.period.account.exponent;
    let classes = SeatClass::rated();
    let stays = draft::stays(tx, subject.known.sequence, &calendar).await?;
    let presence = Presence::new(stays, &classes, &calendar);
    let lists = price::lists(&prices::known(tx, subject.known.at).await?, exponent)?;
    let charges = daily_charges(&presence, &classes, &lists, &calendar)?;
    let counts = daily(&presence, &classes, &calendar);
    let now = subject.known.at.as_microsecond();
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
