//! Report `COMMITMENT`: seats that are committed, used and trued up.

use jiff::civil::Date;
use usher_rating::{RatingError, amount};
use usher_seats::Pool;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::true_up::TrueUp;
use crate::invoicing::view::View;
use crate::ledger::model::pool_usage::PoolUsages;
use crate::reports::writer::{Cell, Writer};
use crate::terms::model::bought_term::Commitment;

/// A row for each date with a commitment. `committed` is the number of paid seats: the commitment and earlier
/// true-ups. `in_use` is the date's peak. `true_up_amount` is on the last date of a quarter that adds to the
/// commitment.
pub(super) const COLUMNS: [&str; 6] = ["date", "pool", "committed", "in_use", "over", "true_up_amount"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let book = Book::load(tx, view.known).await?;
    let calendar = &view.calendar;
    let held = |commitment: &&Commitment| calendar.dates().iter().any(|date| commitment.holds_on(*date));
    let held: Vec<&Commitment> = book.commitments.iter().filter(held).collect();
    if held.is_empty() {
        return Ok(());
    }
    let usages = PoolUsages::read(tx, &book, &held, (calendar, &view.period)).await?;
    for pool in Pool::ALL {
        let Some(usage) = usages.of(pool) else { continue };
        for commitment in held.iter().filter(|commitment| commitment.pool == pool) {
            let dates = calendar.dates().iter().enumerate().filter(|(_, date)| commitment.holds_on(**date));
            let dates = dates.map(|(day, date)| (day, *date));
            let true_ups = book.true_ups(commitment, view.period.end, &usages)?;
            for (day, date) in dates {
                let in_use = usage.peak(calendar.start(day), calendar.start(day + 1));
                let paid = paid_on(commitment, &true_ups, date);
                let row = [
                    date.to_string().into(),
                    pool.as_str().into(),
                    paid.into(),
                    in_use.into(),
                    (in_use - paid).max(0).into(),
                    charged(&true_ups, date, view.period.account.currency.exponent, pool)?,
                ];
                writer.row(&row).await?;
            }
        }
    }
    Ok(())
}

/// Returns the number of seats that are paid for on a date.
fn paid_on(commitment: &Commitment, true_ups: &[TrueUp], date: Date) -> i64 {
    let before = true_ups.iter().filter(|true_up| true_up.quarter.end <= date);
    commitment.quantity + before.map(|true_up| true_up.seats).sum::<i64>()
}

/// Returns the amount of the true-up for the quarter whose last date this is.
fn charged(true_ups: &[TrueUp], date: Date, exponent: u32, pool: Pool) -> Result<Cell, RatingError> {
    let Some(true_up) = true_ups.iter().find(|true_up| true_up.quarter.last() == date) else {
        return Ok(Cell::Empty);
    };
    let too_large = || RatingError::TooLarge(pool.to_string());
    Ok(Cell::Amount(amount::round(&true_up.exact).ok_or_else(too_large)?, exponent))
}
