//! True-ups: seats of a quarter beyond what is committed are bought for the rest of the term.
//!
//! A term's quarters end every three months from its first date. At the end of each, where the pool's
//! policy is then `ALLOW_TRUE_UP`, the most seats that were open at once in the quarter beyond what is
//! committed and was trued up before are charged at the commitment's price for the periods that remain of
//! the term; of a period that remains in part, so many of its dates. Each true-up is rounded once.

use jiff::Timestamp;
use jiff::civil::Date;
use num_bigint::BigInt;
use num_rational::BigRational;
use usher_seats::{AtLimit, Pool};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::model::line::InvoiceLine;
use crate::ledger::model::knowledge::Knowledge;
use crate::ledger::pool_usage::PoolUsage;
use crate::limits::store::limits;
use crate::rating::{RatingError, amount};
use crate::terms::model::bought_term::{Commitment, Quarter};
use crate::terms::model::period::{Period, Schedule};
use crate::terms::store::{accounts, commitments};

/// What a quarter adds to a commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrueUp {
    pub(crate) quarter: Quarter,
    /// Seats beyond all that was paid for before; at least one.
    pub(crate) seats: i64,
    /// In minor units, exactly; zero where nothing remains of the term.
    pub(crate) exact: BigRational,
}

/// The true-up lines of a period: of the quarters whose last date is in it.
pub(crate) async fn lines(
    tx: &mut TenantTx,
    period: &Period,
    known: Knowledge,
) -> Result<Vec<InvoiceLine>, BillingError> {
    let commitments = commitments::known(tx, known.at).await?;
    let ends_here = |quarter: &Quarter| period.first < quarter.end && quarter.end <= period.end;
    let mut found = Vec::new();
    for commitment in commitments.iter().filter(|commitment| commitment.quarters().any(|q| ends_here(&q))) {
        let schedule = accounts::schedule(tx).await?;
        for true_up in of(tx, &schedule, commitment, period.end, known).await? {
            if ends_here(&true_up.quarter) && !amount::is_zero(&true_up.exact) {
                let exponent = schedule.terms_on(true_up.quarter.last()).account.currency.exponent;
                found.push(line(commitment, true_up, (period.ordinal, exponent))?);
            }
        }
    }
    Ok(found)
}

fn line(
    commitment: &Commitment,
    true_up: TrueUp,
    (ordinal, exponent): (i64, u32),
) -> Result<InvoiceLine, RatingError> {
    let too_large = || RatingError::TooLarge(commitment.pool.to_string());
    let amount_minor = amount::round(&true_up.exact).ok_or_else(too_large)?;
    let priced = (commitment.id.to_string(), commitment.unit_price.spelled(exponent));
    Ok(InvoiceLine::true_up(ordinal, priced, true_up.exact, amount_minor))
}

/// The true-ups of a commitment whose quarters end on a date or before, by what is known.
pub(crate) async fn of(
    tx: &mut TenantTx,
    schedule: &Schedule,
    commitment: &Commitment,
    until: Date,
    known: Knowledge,
) -> Result<Vec<TrueUp>, BillingError> {
    let mut paid = commitment.quantity;
    let mut found = Vec::new();
    for quarter in commitment.quarters().take_while(|quarter| quarter.end <= until) {
        let calendar = schedule.calendar(quarter.first, quarter.end)?;
        if policy(tx, commitment.pool, calendar.close() - 1, known).await? != Some(AtLimit::AllowTrueUp) {
            continue;
        }
        let usage = PoolUsage::read(tx, known.sequence, commitment.pool, &calendar).await?;
        let seats = usage.peak(calendar.open(), calendar.close()) - paid;
        if seats > 0 {
            paid += seats;
            let exact = price(schedule, commitment, quarter)
                * remaining(schedule, quarter.end, commitment.end)
                * BigRational::from_integer(BigInt::from(seats));
            found.push(TrueUp { quarter, seats, exact });
        }
    }
    Ok(found)
}

/// What happens beyond the pool's limit at an instant, or at the last one that is known.
async fn policy(
    tx: &mut TenantTx,
    pool: Pool,
    instant: i64,
    known: Knowledge,
) -> Result<Option<AtLimit>, BillingError> {
    let at = Timestamp::from_microsecond(instant).unwrap_or(known.at).min(known.at);
    let versions = limits::until(tx, at).await?;
    Ok(versions.iter().rfind(|(_, limit)| limit.pool == pool).map(|(_, limit)| limit.rule.at_limit))
}

/// The price of a seat for a whole period, in minor units of the currency in which the quarter ends.
fn price(schedule: &Schedule, commitment: &Commitment, quarter: Quarter) -> BigRational {
    let account = &schedule.terms_on(quarter.last()).account;
    commitment.unit_price.minor_units(account.currency.exponent)
}

/// The periods from a date to before another: whole ones, and shares of those that are cut.
fn remaining(schedule: &Schedule, from: Date, until: Date) -> BigRational {
    let days = |first: Date, end: Date| BigInt::from(first.duration_until(end).as_hours() / 24);
    schedule
        .periods()
        .skip_while(|period| period.end <= from)
        .take_while(|period| period.first < until)
        .map(|period| {
            let kept = days(period.first.max(from), period.end.min(until));
            BigRational::new(kept, days(period.first, period.end))
        })
        .fold(amount::whole(0), |sum, share| sum + share)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_remains_is_whole_periods_and_shares_of_those_that_are_cut() {
        let months = Schedule::new(Vec::new());
        let remaining = |from, until| amount::fraction(&remaining(&months, from, until));

        assert_eq!(remaining(date(2026, 4, 1), date(2027, 1, 1)), "9/1");
        assert_eq!(remaining(date(2026, 4, 16), date(2026, 6, 1)), "3/2");
        assert_eq!(remaining(date(2026, 4, 16), date(2026, 4, 19)), "1/10");
        assert_eq!(remaining(date(2027, 1, 1), date(2027, 1, 1)), "0/1");
    }
}
