//! True-ups: seats of a quarter beyond the commitment are bought for the rest of the term.
//!
//! A term's quarters end every three months from its first date. If the pool's policy is `ALLOW_TRUE_UP` at the end
//! of a quarter, the maximum number of seats open at once in the quarter, less the committed and the already trued-up
//! seats, is charged at the commitment's price for the remaining periods of the term. A period that remains in part
//! is charged by its share of dates. Each true-up is rounded once.

use jiff::Timestamp;
use jiff::civil::Date;
use num_bigint::BigInt;
use num_rational::BigRational;
use usher_rating::{Calendar, RatingError, amount};
use usher_seats::{AtLimit, Pool};

use crate::error::BillingError;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::charge::Charge;
use crate::invoicing::model::line::InvoiceLine;
use crate::ledger::model::pool_usage::PoolUsages;
use crate::terms::model::bought_term::{Commitment, Quarter};
use crate::terms::model::period::{Period, Schedule};

/// The seats that a quarter adds to a commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrueUp {
    pub(crate) quarter: Quarter,
    /// The number of seats beyond all that was paid before; at least one.
    pub(crate) seats: i64,
    /// The exact amount in minor units; zero if nothing remains of the term.
    pub(crate) exact: BigRational,
}

/// Returns whether a quarter's last date is in a period.
fn ends_in(quarter: Quarter, period: &Period) -> bool {
    period.first < quarter.end && quarter.end <= period.end
}

impl Book {
    /// Returns the commitments that have a quarter ending in a period.
    pub(crate) fn trued_up_in<'a>(&'a self, period: &'a Period) -> impl Iterator<Item = &'a Commitment> {
        let ends_here = move |quarter: Quarter| ends_in(quarter, period);
        self.commitments.iter().filter(move |commitment| commitment.quarters().any(ends_here))
    }

    /// Returns the true-up lines of a period, for the quarters whose last date is in it.
    pub(crate) fn true_up_lines(
        &self,
        period: &Period,
        pools: &PoolUsages,
    ) -> Result<Vec<InvoiceLine>, BillingError> {
        let mut found = Vec::new();
        for commitment in self.trued_up_in(period) {
            for true_up in self.true_ups(commitment, period.end, pools)? {
                if ends_in(true_up.quarter, period) && !amount::is_zero(&true_up.exact) {
                    let last = true_up.quarter.last();
                    let exponent = self.schedule.terms_on(last).account.currency.exponent;
                    found.push(line(commitment, true_up, (period.ordinal, exponent))?);
                }
            }
        }
        Ok(found)
    }

    /// Returns the true-ups of a commitment whose quarters end on or before a date.
    pub(crate) fn true_ups(
        &self,
        commitment: &Commitment,
        until: Date,
        pools: &PoolUsages,
    ) -> Result<Vec<TrueUp>, BillingError> {
        let mut paid = commitment.quantity;
        let mut found = Vec::new();
        for (quarter, calendar) in self.metered_quarters(commitment, until)? {
            let seats = pools.peak(commitment.pool, &calendar) - paid;
            if seats > 0 {
                paid += seats;
                let exact = price(&self.schedule, commitment, quarter)
                    * remaining(&self.schedule, quarter.end, commitment.end)
                    * BigRational::from_integer(BigInt::from(seats));
                found.push(TrueUp { quarter, seats, exact });
            }
        }
        Ok(found)
    }

    /// Returns the quarters that end on or before a date, and for which the pool's policy is true-up at their end.
    pub(crate) fn metered_quarters(
        &self,
        commitment: &Commitment,
        until: Date,
    ) -> Result<Vec<(Quarter, Calendar)>, BillingError> {
        let mut found = Vec::new();
        for quarter in commitment.quarters().take_while(|quarter| quarter.end <= until) {
            let calendar = self.schedule.calendar(quarter.first, quarter.end)?;
            if self.policy(commitment.pool, calendar.close() - 1) == Some(AtLimit::AllowTrueUp) {
                found.push((quarter, calendar));
            }
        }
        Ok(found)
    }

    /// Returns the at-limit policy of the pool at an instant, or the last one known.
    fn policy(&self, pool: Pool, instant: i64) -> Option<AtLimit> {
        let at = Timestamp::from_microsecond(instant).unwrap_or(self.as_of.at).min(self.as_of.at);
        let mut versions = self.limits.iter().filter(|(set_at, _)| *set_at <= at);
        versions.rfind(|(_, limit)| limit.pool == pool).map(|(_, limit)| limit.rule.at_limit)
    }
}

fn line(
    commitment: &Commitment,
    true_up: TrueUp,
    (ordinal, exponent): (i64, u32),
) -> Result<InvoiceLine, RatingError> {
    let too_large = || RatingError::TooLarge(commitment.pool.to_string());
    let amount_minor = amount::round(&true_up.exact).ok_or_else(too_large)?;
    let charge =
        Charge::TrueUp { commitment: commitment.id, unit_price: commitment.unit_price.spelled(exponent) };
    Ok(InvoiceLine { charge, origin: ordinal, exact: true_up.exact, amount_minor })
}

/// Returns the price of a seat for a whole period, in minor units of the currency in which the quarter ends.
fn price(schedule: &Schedule, commitment: &Commitment, quarter: Quarter) -> BigRational {
    let account = &schedule.terms_on(quarter.last()).account;
    commitment.unit_price.minor_units(account.currency.exponent)
}

/// Returns the number of periods between two dates; a period that is cut counts by its share of dates.
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
