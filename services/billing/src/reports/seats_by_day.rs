//! Report `SEATS_BY_DAY`: each date's opening, movements and closing, with the amount accrued by then.

use num_rational::BigRational;
use num_traits::Zero as _;
use usher_rating::{amount, daily_charges};
use usher_seats::SeatClass;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::view::View;
use crate::ledger::usage::Seats;
use crate::reports::writer::{Cell, Writer};
use crate::terms::model::price_version;
use crate::terms::prices;

pub(super) const COLUMNS: [&str; 11] = [
    "date",
    "class",
    "opening",
    "started",
    "stopped",
    "changed_in",
    "changed_out",
    "closing",
    "peak",
    "seat_days",
    "accrued",
];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let calendar = &view.calendar;
    let Seats { tally, movements } = Seats::read(tx, view.known.sequence, calendar).await?;
    let exponent = view.period.account.currency.exponent;
    let counts = tally.counts();
    let lists =
        price_version::lists(&prices::since(tx, view.period.currency_since, view.known.at).await?, exponent)?;
    let charges = daily_charges(&tally, &lists)?;
    let mut accrued = vec![BigRational::zero(); SeatClass::COUNT];
    for (day, date) in calendar.dates().iter().enumerate() {
        for class in SeatClass::BY_RANK {
            let index = class.index();
            let (movement, count) = (movements[index][day], counts[index][day]);
            // Modes that price the period as a whole have no amount per date.
            let charges = &charges[index];
            let accrued = match charges.seats.get(day).zip(charges.floors.get(day)) {
                Some((seats, floor)) => {
                    accrued[index] += seats + floor;
                    amount::round(&accrued[index]).map_or(Cell::Empty, |minor| Cell::Amount(minor, exponent))
                }
                None => Cell::Empty,
            };
            let row = [
                date.to_string().into(),
                class.as_str().into(),
                movement.opening.into(),
                movement.started.into(),
                movement.stopped.into(),
                movement.changed_in.into(),
                movement.changed_out.into(),
                movement.closing().into(),
                count.peak.into(),
                count.seat_days.into(),
                accrued,
            ];
            writer.row(&row).await?;
        }
    }
    Ok(())
}
