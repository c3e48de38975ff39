//! The book: everything that invoices are computed from, except the seats.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use usher_rating::{RatingError, Tally, rate};

use crate::error::BillingError;
use crate::invoicing::model::charge::{BilledFor, Charge};
use crate::invoicing::model::close::Close;
use crate::invoicing::model::credit_note::CreditNote;
use crate::invoicing::model::draft::Draft;
use crate::invoicing::model::line;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::period_seats::{ClosedSeats, PeriodSeats};
use crate::invoicing::model::settlement::{Currencies, settle};
use crate::ledger::model::knowledge::Knowledge;
use crate::ledger::model::pool_usage::PoolUsages;
use crate::limits::model::limit::Limit;
use crate::terms::model::bought_term::Commitment;
use crate::terms::model::currency::Currency;
use crate::terms::model::period::{Period, Schedule};
use crate::terms::model::price_version;
use crate::terms::model::price_version::PriceVersion;
use crate::terms::model::what_if::WhatIf;

/// A workspace's terms, closes and credit notes, as of a time.
pub(crate) struct Book {
    pub(crate) as_of: Knowledge,
    pub(crate) schedule: Schedule,
    /// The price versions, by rank of class and date, in any currency.
    pub(crate) prices: Vec<PriceVersion>,
    /// The minimum spends, ordered by date.
    pub(crate) minimums: Vec<(Date, i64)>,
    pub(crate) commitments: Vec<Commitment>,
    /// Each version of a limit with the time from which it applies, by pool and version.
    pub(crate) limits: Vec<(Timestamp, Limit)>,
    /// Ordered by date, oldest first.
    pub(crate) closes: Vec<Close>,
    pub(crate) notes: Vec<CreditNote>,
    /// What the invoice of each closed period carries forward or uses up, by the period's number and currency.
    pub(crate) credits: Vec<(i64, Currency, i64)>,
}

impl Book {
    /// Returns the prices in the currency of a period. An amount in another currency is not a price.
    pub(crate) fn prices(&self, period: &Period) -> Vec<PriceVersion> {
        let since = period.currency_since;
        let of_currency =
            self.prices.iter().filter(|version| since.is_none_or(|since| since <= version.valid_from));
        of_currency.cloned().collect()
    }

    /// Returns the minimum spend of a period, in minor units.
    fn minimum(&self, period: &Period) -> i64 {
        let holds = |valid_from: Date| {
            valid_from <= period.first && period.currency_since.is_none_or(|since| since <= valid_from)
        };
        self.minimums.iter().rfind(|(valid_from, _)| holds(*valid_from)).map_or(0, |(_, amount)| *amount)
    }

    /// Returns the closed periods before a period.
    fn closed_before(&self, period: &Period) -> &[Close] {
        let before = self.closes.partition_point(|close| close.ordinal < period.ordinal);
        &self.closes[..before]
    }

    /// Returns the last close, if a period directly follows it: that period books the changes to closed periods.
    pub(crate) fn close_before(&self, period: &Period) -> Option<&Close> {
        self.closed_before(period).last().filter(|last| last.ordinal + 1 == period.ordinal)
    }

    /// Computes a period's invoice, also with other prices than the book's. The first open period also books the
    /// differences that new facts make to closed periods, and the amounts that were carried forward.
    pub(crate) fn invoice(
        &self,
        period: &Period,
        seats: &PeriodSeats,
        what_if: &WhatIf,
    ) -> Result<Draft, BillingError> {
        let mut lines = self.own_lines(period, &seats.tally, &seats.pools, what_if)?;
        let mut carried = BTreeMap::new();
        if self.close_before(period).is_some() {
            for closed in &seats.closed {
                lines.extend(self.differences(closed, &seats.pools)?);
            }
            let notes = self.notes.iter().filter(|note| note.booked_ordinal == period.ordinal);
            lines.extend(notes.flat_map(CreditNote::invoice_lines));
            carried = self.carried_before(period.ordinal);
        }
        let own = (period.ordinal, &period.account.currency);
        let earlier = self.closed_before(period).iter().map(|close| (close.ordinal, close.currency.clone()));
        let currencies = Currencies::new(earlier.chain([(own.0, own.1.clone())]));
        let settlements = settle(own, &mut lines, &currencies, &carried)?;
        Ok(Draft {
            period: period.clone(),
            calendar: seats.calendar.clone(),
            counts: seats.tally.counts(),
            stays_digest: seats.stays_digest,
            lines,
            currencies,
            settlements,
            sequence: self.as_of.sequence,
        })
    }

    /// Computes the lines of a period from its own prices, with the true-ups of quarters that end in it.
    fn own_lines(
        &self,
        period: &Period,
        tally: &Tally,
        pools: &PoolUsages,
        what_if: &WhatIf,
    ) -> Result<Vec<InvoiceLine>, BillingError> {
        let versions = what_if.prices(self.prices(period))?;
        let exponent = period.account.currency.exponent;
        let rated = rate(tally, &price_version::lists(&versions, exponent)?)?;
        let minimum = self.minimum(period);
        let mut lines =
            line::own_lines((period.ordinal, exponent), tally.calendar(), rated, &versions, minimum)?;
        // True-ups come after the minimum, which covers only the usage of the period itself.
        lines.extend(self.true_up_lines(period, pools)?);
        Ok(lines)
    }

    /// Computes the differences between the current cost of a closed period and what was billed for it. The period is
    /// rated again with its own dates, prices and zone.
    pub(crate) fn differences(
        &self,
        closed: &ClosedSeats,
        pools: &PoolUsages,
    ) -> Result<Vec<InvoiceLine>, BillingError> {
        let ordinal = closed.ordinal;
        let period = self.closed_period(ordinal)?;
        let exact = self.own_lines(&period, &closed.tally, pools, &WhatIf::default());
        let exact = exact.map_err(|error| match error {
            BillingError::Rating(RatingError::PriceMissing { class, date }) => {
                BillingError::ClosedUnpriced { class, date }
            }
            other => other,
        })?;
        let lines = || exact.iter().chain(&closed.billed);
        let mut of: Vec<BilledFor> = lines().filter_map(|line| line.charge.billed_for()).collect();
        of.sort_by_key(BilledFor::order);
        of.dedup();
        let mut found = Vec::new();
        for of in of {
            let sum = |lines: &[InvoiceLine]| {
                line::total(lines.iter().filter(|line| line.charge.billed_for() == Some(of)))
            };
            let difference = sum(&exact)? - sum(&closed.billed)?;
            if difference != 0 {
                found.push(InvoiceLine::new(Charge::Adjustment(of), ordinal, difference));
            }
        }
        Ok(found)
    }

    /// Returns a closed period as the schedule has it.
    pub(crate) fn closed_period(&self, ordinal: i64) -> Result<Period, BillingError> {
        self.schedule.at(ordinal).ok_or_else(|| {
            BillingError::Stored(format!("a closed period {ordinal} that the account does not have"))
        })
    }

    /// Returns what the invoices of all periods before one carried forward, by currency.
    fn carried_before(&self, ordinal: i64) -> BTreeMap<Currency, i64> {
        let mut carried = BTreeMap::new();
        for (_, currency, minor) in self.credits.iter().filter(|(of, ..)| *of < ordinal) {
            *carried.entry(currency.clone()).or_insert(0) += minor;
        }
        carried
    }
}
