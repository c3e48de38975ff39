//! Commitments: what is bought, used and trued up.

use jiff::civil::Date;
use usher_seats::Pool;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::true_up;
use crate::invoicing::true_up::TrueUp;
use crate::invoicing::view::View;
use crate::ledger::pool_usage::PoolUsage;
use crate::rating::{RatingError, amount};
use crate::reports::writer::{Cell, Writer};
use crate::terms::model::bought_term::Commitment;
use crate::terms::store::{accounts, commitments as store};

/// A row for each date on which something is committed. `committed` is what is paid for: the commitment
/// and what was trued up before. `in_use` is the date's peak. `true_up_amount` is on the last date of a
/// quarter that adds to the commitment.
pub(super) const COLUMNS: [&str; 6] = ["date", "pool", "committed", "in_use", "over", "true_up_amount"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let known = store::known(tx, view.known.at).await?;
    let schedule = accounts::schedule(tx).await?;
    let calendar = &view.calendar;
    for pool in Pool::ALL {
        let committed: Vec<&Commitment> = known.iter().filter(|commitment| commitment.pool == pool).collect();
        if committed.is_empty() {
            continue;
        }
        let usage = PoolUsage::read(tx, view.known.sequence, pool, calendar).await?;
        for commitment in committed {
            let dates = calendar.dates().iter().enumerate().filter(|(_, date)| commitment.holds_on(**date));
            let dates: Vec<(usize, Date)> = dates.map(|(day, date)| (day, *date)).collect();
            if dates.is_empty() {
                continue;
            }
            let true_ups = true_up::of(tx, &schedule, commitment, view.period.end, view.known).await?;
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

/// The seats that are paid for on a date.
fn paid_on(commitment: &Commitment, true_ups: &[TrueUp], date: Date) -> i64 {
    let before = true_ups.iter().filter(|true_up| true_up.quarter.end <= date);
    commitment.quantity + before.map(|true_up| true_up.seats).sum::<i64>()
}

/// What is charged for the quarter whose last date this is.
fn charged(true_ups: &[TrueUp], date: Date, exponent: u32, pool: Pool) -> Result<Cell, RatingError> {
    let Some(true_up) = true_ups.iter().find(|true_up| true_up.quarter.last() == date) else {
        return Ok(Cell::Empty);
    };
    let too_large = || RatingError::TooLarge(pool.to_string());
    Ok(Cell::Amount(amount::round(&true_up.exact).ok_or_else(too_large)?, exponent))
}
