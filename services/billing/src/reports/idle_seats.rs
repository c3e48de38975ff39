//! Report `IDLE_SEATS`: paid seats by how long they were open at the period's end, or have been until now, with their
//! cost. It shows where seats may be saved.

use jiff::civil::Date;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;
use usher_rating::{PriceList, amount};
use usher_seats::SeatClass;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::view::View;
use crate::ledger::store::{facts, intervals};
use crate::reports::writer::{Cell, Writer};
use crate::terms::model::period::Schedule;
use crate::terms::model::price_version;
use crate::terms::prices;
use crate::terms::store::accounts;

/// `cost_to_date` sums the daily prices of all local dates since then, in every mode. `display` is empty, as in
/// `seat_days`.
pub(super) const COLUMNS: [&str; 5] = ["person_key", "display", "class", "since", "cost_to_date"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let exponent = view.period.account.currency.exponent;
    let schedule = accounts::schedule(tx).await?;
    let lists =
        price_version::lists(&prices::since(tx, view.period.currency_since, view.known.at).await?, exponent)?;
    let overlay = facts::overlay(tx, view.known.sequence).await?;
    let now = view.last_instant();
    let stays = intervals::open_at(tx, view.known.sequence, now).await?;
    let mut open: Vec<_> = overlay
        .apply(stays.iter().map(usher_rating::interval::Interval::stay).collect())
        .into_iter()
        .filter(|stay| SeatClass::at(stay.class).is_paid())
        .filter(|stay| stay.start <= now && stay.end.is_none_or(|end| now < end))
        .collect();
    open.sort_by_key(|stay| (stay.start, stay.person));
    let sums = Sums::new(
        (&schedule, view.period.currency_since),
        &lists,
        (open.first().map_or(now, |stay| stay.start), now),
    )?;
    for stay in open {
        let cost = sums.since(stay.class, stay.start);
        let since =
            jiff::Timestamp::from_microsecond(stay.start).map(|at| at.to_string()).unwrap_or_default();
        let row = [
            stay.person.to_string().into(),
            Cell::Empty,
            SeatClass::at(stay.class).as_str().into(),
            since.into(),
            amount::round(&cost).map_or(Cell::Empty, |minor| Cell::Amount(minor, exponent)),
        ];
        writer.row(&row).await?;
    }
    Ok(())
}

/// For each date's first instant, the cost of a seat of each class up to then.
struct Sums(Vec<(i64, Vec<BigRational>)>);

impl Sums {
    fn new(
        (schedule, since): (&Schedule, Option<Date>),
        lists: &[PriceList],
        (from, now): (i64, i64),
    ) -> Result<Self, BillingError> {
        let mut sums = Vec::new();
        let mut running = vec![BigRational::zero(); lists.len()];
        let first = schedule.at_instant(from).map_or(0, |period| period.ordinal);
        let skip = usize::try_from(first).unwrap_or_default();
        // Amounts in another currency can't be added to these.
        let periods = schedule
            .periods()
            .skip(skip)
            .skip_while(|period| since.is_some_and(|since| period.first < since));
        'periods: for period in periods {
            let calendar = period.calendar()?;
            let dates = BigRational::from_integer(BigInt::from(calendar.len()));
            for (index, date) in calendar.dates().iter().enumerate() {
                if calendar.start(index) > now {
                    break 'periods;
                }
                sums.push((calendar.start(index), running.clone()));
                for (sum, list) in running.iter_mut().zip(lists) {
                    if let Some(version) = list.on(*date) {
                        *sum += &version.unit_price / &dates;
                    }
                }
            }
        }
        sums.push((i64::MAX, running));
        Ok(Self(sums))
    }

    /// Returns the dates from the one that contains an instant to the last.
    fn since(&self, class: usize, at: i64) -> BigRational {
        let index = self.0.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        let last = self.0.len() - 1;
        &self.0[last].1[class] - &self.0[index].1[class]
    }
}
