//! Limits and commitments: what is allowed, bought and used.

use num_bigint::BigInt;
use num_rational::BigRational;
use usher_store::TenantTx;

use super::Subject;
use super::writer::{Cell, Writer};
use crate::class::SeatClass;
use crate::draft;
use crate::error::BillingError;
use crate::limit::{Limit, Policy, Pool, steps};
use crate::price;
use crate::rating::{Calendar, amount};
use crate::store::{limits as store, prices};

/// `class` is the pool. What identity blocked is in its provisioning log, so `blocked_count` is empty.
pub(super) const COLUMNS: [&str; 7] =
    ["class", "limit", "policy", "in_use", "percent", "first_hit_at", "blocked_count"];

/// `in_use` is the date's peak. `true_up_amount` is on the period's last date: the period's peak over
/// the commitment, at the price of a Regular seat on its first date.
pub(super) const COMMITMENT_COLUMNS: [&str; 6] =
    ["date", "pool", "committed", "in_use", "over", "true_up_amount"];

/// From an instant on, so many seats of a pool are open.
async fn usage(
    tx: &mut TenantTx,
    subject: &Subject,
    pool: Pool,
) -> Result<(Calendar, Vec<(i64, i64)>), BillingError> {
    let calendar = subject.period.calendar()?;
    let stays = draft::stays(tx, subject.known.sequence, &calendar).await?;
    let steps = steps(&stays, pool, &calendar);
    Ok((calendar, steps))
}

pub(super) async fn write(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    for limit in store::current(tx, subject.known.at).await? {
        let (_, steps) = usage(tx, subject, limit.pool).await?;
        let now = subject.known.at.as_microsecond();
        let in_use = steps.iter().rfind(|(at, _)| *at <= now).map_or(0, |(_, open)| *open);
        let hit = limit.quantity.and_then(|most| steps.iter().find(|(_, open)| *open >= most));
        let first_hit = hit.and_then(|(at, _)| jiff::Timestamp::from_microsecond(*at).ok());
        let percent = limit.quantity.filter(|most| *most > 0).map(|most| in_use * 100 / most);
        let row = [
            limit.pool.as_str().into(),
            limit.quantity.map_or(Cell::Empty, Cell::Number),
            limit.policy.to_string().into(),
            in_use.into(),
            percent.map_or(Cell::Empty, Cell::Number),
            first_hit.map_or(Cell::Empty, |at| Cell::Text(at.to_string())),
            Cell::Empty,
        ];
        writer.row(&row).await?;
    }
    Ok(())
}

pub(super) async fn write_commitment(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    for limit in store::current(tx, subject.known.at).await? {
        let (calendar, steps) = usage(tx, subject, limit.pool).await?;
        let last = calendar.len() - 1;
        let peak = steps.iter().map(|(_, open)| *open).max().unwrap_or(0);
        for (day, date) in calendar.dates().iter().enumerate() {
            let in_use = peak_of(&steps, calendar.start(day), calendar.start(day + 1));
            let true_up = if day == last && limit.policy == Policy::AllowTrueUp {
                true_up(tx, subject, &limit, &calendar, peak).await?
            } else {
                Cell::Empty
            };
            let row = [
                date.to_string().into(),
                limit.pool.as_str().into(),
                limit.committed.into(),
                in_use.into(),
                (in_use - limit.committed).max(0).into(),
                true_up,
            ];
            writer.row(&row).await?;
        }
    }
    Ok(())
}

fn peak_of(steps: &[(i64, i64)], start: i64, end: i64) -> i64 {
    let opening = steps.iter().rfind(|(at, _)| *at <= start).map_or(0, |(_, open)| *open);
    let within = steps.iter().filter(|(at, _)| start < *at && *at < end).map(|(_, open)| *open);
    within.max().unwrap_or(opening).max(opening)
}

async fn true_up(
    tx: &mut TenantTx,
    subject: &Subject,
    limit: &Limit,
    calendar: &Calendar,
    peak: i64,
) -> Result<Cell, BillingError> {
    let exponent = subject.period.account.exponent;
    let lists = price::lists(&prices::known(tx, subject.known.at).await?, exponent)?;
    let over = BigRational::from_integer(BigInt::from((peak - limit.committed).max(0)));
    let price = lists[SeatClass::Regular.index()].on(calendar.dates()[0]);
    let exact = price.map(|version| &version.unit_price * over);
    Ok(exact
        .and_then(|exact| amount::round(&exact))
        .map_or(Cell::Empty, |minor| Cell::Amount(minor, exponent)))
}
