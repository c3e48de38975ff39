//! Each date's opening, movements and closing, with what has accrued until then.

use jiff::ToSpan as _;
use num_rational::BigRational;
use num_traits::Zero as _;
use usher_base::id::PersonKey;
use usher_store::TenantTx;

use super::Subject;
use super::writer::{Cell, Writer};
use crate::class::SeatClass;
use crate::draft;
use crate::error::BillingError;
use crate::movement;
use crate::price;
use crate::rating::count::daily;
use crate::rating::{Calendar, Presence, Stay, amount, daily_charges};
use crate::store::{closes, prices};

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

/// The period's dates, and everybody who was there at any instant of it or until it opened.
pub(super) async fn whole_stays(
    tx: &mut TenantTx,
    subject: &Subject,
) -> Result<(Calendar, Vec<Stay<PersonKey>>), BillingError> {
    let close = closes::find(tx, subject.period.ordinal).await?;
    let (calendar, sequence) = match close.filter(|close| close.closed_at <= subject.known.at) {
        Some(close) => (close.calendar, close.sequence),
        None => (subject.period.calendar()?, subject.known.sequence),
    };
    let before = subject.period.first.checked_sub(2.days()).unwrap_or(subject.period.first);
    let wider = Calendar::new(before, subject.period.end, &subject.period.account.zone)?;
    let mut stays = draft::stays(tx, sequence, &wider).await?;
    // A correction's stay can be wholly outside.
    stays.retain(|stay| stay.start < calendar.close() && stay.end.is_none_or(|end| end >= calendar.open()));
    Ok((calendar, stays))
}

pub(super) async fn write(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    let (calendar, stays) = whole_stays(tx, subject).await?;
    let classes = SeatClass::rated();
    let exponent = subject.period.account.exponent;
    let movements = movement::daily(&stays, &calendar);
    let presence = Presence::new(stays, &classes, &calendar);
    let counts = daily(&presence, &classes, &calendar);
    let lists = price::lists(&prices::known(tx, subject.known.at).await?, exponent)?;
    let charges = daily_charges(&presence, &classes, &lists, &calendar)?;
    let mut accrued = vec![BigRational::zero(); classes.len()];
    for (day, date) in calendar.dates().iter().enumerate() {
        for class in SeatClass::BY_RANK {
            let index = class.index();
            let (movement, count) = (movements[index][day], counts[index][day]);
            // Modes that price the period as a whole accrue nothing by date.
            let accrued = match charges[index].get(day) {
                Some(charge) => {
                    accrued[index] += charge;
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
