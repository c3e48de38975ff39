//! Invoices as values: lines, totals, and what a snapshot's hash is over.

use std::cmp::Reverse;

use num_bigint::BigInt;
use num_rational::BigRational;
use sha2::{Digest as _, Sha256};
use usher_base::id::PersonKey;
use usher_rating::{Calendar, DailyCount, Member, RatingError};
use usher_seats::{CountingMode, LineKind, SeatClass};

use crate::audit::model::hash::Hash;
use crate::terms::model::price_version::PriceVersion;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvoiceLine {
    pub(crate) kind: LineKind,
    /// None where the line is of no class.
    pub(crate) class: Option<SeatClass>,
    /// The number of the period that the line is about.
    pub(crate) origin: i64,
    pub(crate) mode: Option<CountingMode>,
    /// The ids of the price versions that it was priced by, and their prices.
    pub(crate) price_versions: Vec<String>,
    pub(crate) unit_prices: Vec<String>,
    pub(crate) seat_days: i64,
    pub(crate) exact: BigRational,
    pub(crate) amount_minor: i64,
}

/// What is billed. Lines about a period add up for each of these, adjustments included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BilledFor {
    /// Seats of a class and its floor.
    Seats(SeatClass),
    /// The period's minimum.
    Minimum,
    /// Seats beyond a commitment, by its id.
    Commitment(String),
}

impl BilledFor {
    /// In the order of invoices: classes by rank, then the minimum, then commitments.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        match self {
            Self::Seats(class) => (0, Reverse(Some(*class)), String::new()),
            Self::Minimum => (1, Reverse(None), String::new()),
            Self::Commitment(id) => (2, Reverse(None), id.clone()),
        }
    }
}

impl InvoiceLine {
    fn plain(kind: LineKind, class: Option<SeatClass>, origin: i64, amount_minor: i64) -> Self {
        Self {
            kind,
            class,
            origin,
            mode: None,
            price_versions: Vec::new(),
            unit_prices: Vec::new(),
            seat_days: 0,
            exact: BigRational::from_integer(BigInt::from(amount_minor)),
            amount_minor,
        }
    }

    /// Seats beyond a commitment, which is named with its price in the place of a price version.
    pub(crate) fn true_up(
        origin: i64,
        (commitment, unit_price): (String, String),
        exact: BigRational,
        amount_minor: i64,
    ) -> Self {
        Self {
            price_versions: vec![commitment],
            unit_prices: vec![unit_price],
            exact,
            ..Self::plain(LineKind::TrueUp, None, origin, amount_minor)
        }
    }

    /// The difference between what a closed period costs by what is known now and what was billed.
    pub(crate) fn adjustment(of: &BilledFor, origin: i64, amount_minor: i64) -> Self {
        let plain = |class| Self::plain(LineKind::Adjustment, class, origin, amount_minor);
        match of {
            BilledFor::Seats(class) => plain(Some(*class)),
            BilledFor::Minimum => plain(None),
            BilledFor::Commitment(id) => Self { price_versions: vec![id.clone()], ..plain(None) },
        }
    }

    /// What is carried forward, or was.
    pub(crate) fn credit(origin: i64, amount_minor: i64) -> Self {
        Self::plain(LineKind::Credit, None, origin, amount_minor)
    }

    /// The kind that it is earned as: what adjusts a true-up is one.
    pub(crate) fn earned_as(&self) -> LineKind {
        if matches!(self.billed_for(), Some(BilledFor::Commitment(_))) { LineKind::TrueUp } else { self.kind }
    }

    /// What it bills, or gives back; none of what only settles.
    pub(crate) fn billed_for(&self) -> Option<BilledFor> {
        if self.kind.is_credit() {
            return None;
        }
        // Of lines of no class, only true-ups and what adjusts them have a price: the commitment's.
        Some(match (self.class, self.price_versions.first()) {
            (Some(class), _) => BilledFor::Seats(class),
            (None, Some(commitment)) => BilledFor::Commitment(commitment.clone()),
            (None, None) => BilledFor::Minimum,
        })
    }

    /// What a credit note gives back: less than zero.
    pub(crate) fn credit_note(class: Option<SeatClass>, origin: i64, amount_minor: i64) -> Self {
        Self::plain(LineKind::CreditNote, class, origin, amount_minor)
    }
}

/// The lines of the own seats of a period, by its number and the decimal places of its currency: seats,
/// floors, and what is missing to the minimum.
pub(crate) fn own_lines(
    (ordinal, exponent): (i64, u32),
    calendar: &Calendar,
    rated: Vec<usher_rating::Line>,
    versions: &[PriceVersion],
    minimum_spend: i64,
) -> Result<Vec<InvoiceLine>, RatingError> {
    let mut lines: Vec<InvoiceLine> = Vec::new();
    for line in rated {
        let class = SeatClass::at(line.class);
        let used = used_versions(class, calendar, versions);
        lines.push(InvoiceLine {
            kind: line.kind,
            class: Some(class),
            origin: ordinal,
            mode: Some(line.mode),
            price_versions: used.iter().map(|version| version.id.to_string()).collect(),
            unit_prices: used.iter().map(|version| version.unit_price.spelled(exponent)).collect(),
            seat_days: line.seat_days,
            exact: line.exact,
            amount_minor: line.amount_minor,
        });
    }
    let missing = minimum_spend - total(&lines)?;
    if missing > 0 {
        lines.push(InvoiceLine::plain(LineKind::MinimumSpend, None, ordinal, missing));
    }
    Ok(lines)
}

/// The versions that hold on any date of a period, by date.
fn used_versions<'v>(
    class: SeatClass,
    calendar: &Calendar,
    versions: &'v [PriceVersion],
) -> Vec<&'v PriceVersion> {
    let dates = calendar.dates();
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return Vec::new() };
    let of_class: Vec<&PriceVersion> = versions.iter().filter(|version| version.class == class).collect();
    let begins = of_class.iter().rposition(|version| version.valid_from <= *first).unwrap_or(0);
    of_class[begins..].iter().copied().filter(|version| version.valid_from <= *last).collect()
}

/// The sum of lines.
pub(crate) fn total<'l>(lines: impl IntoIterator<Item = &'l InvoiceLine>) -> Result<i64, RatingError> {
    lines.into_iter().try_fold(0_i64, |total, line| {
        let class = || line.class.map_or_else(|| "(none)".to_owned(), |class| class.to_string());
        total.checked_add(line.amount_minor).ok_or_else(|| RatingError::TooLarge(class()))
    })
}

/// SHA-256 over who was billable when, person by person.
#[derive(Clone, Default)]
pub(crate) struct StaysDigest(Sha256);

impl StaysDigest {
    /// Adds the next person.
    pub(crate) fn add(&mut self, member: &Member<PersonKey>) {
        for stay in &member.stays {
            self.0.update(stay.person.as_uuid());
            self.0.update((stay.class as u64).to_be_bytes());
            self.0.update(stay.start.to_be_bytes());
            self.0.update(stay.end.unwrap_or(i64::MAX).to_be_bytes());
        }
    }

    pub(crate) fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// What is hashed of a snapshot.
pub(crate) struct Sealed<'a> {
    pub(crate) header: &'a [String],
    pub(crate) calendar: &'a Calendar,
    pub(crate) stays_digest: &'a Hash,
    /// By class and date.
    pub(crate) counts: &'a [Vec<DailyCount>],
    pub(crate) lines: &'a [InvoiceLine],
}

impl Sealed<'_> {
    /// SHA-256 over all of it.
    pub(crate) fn hash(&self) -> Hash {
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        text("usher.snapshot.v1");
        self.header.iter().for_each(|field| text(field));
        for index in 0..=self.calendar.len() {
            text(&self.calendar.start(index).to_string());
        }
        for count in self.counts.iter().flatten() {
            text(&format!("{} {} {}", count.seat_days, count.closing, count.peak));
        }
        for line in self.lines {
            text(line.kind.as_str());
            text(line.class.map_or("", SeatClass::as_str));
            text(&line.origin.to_string());
            text(line.mode.map_or("", CountingMode::as_str));
            line.price_versions.iter().for_each(|id| text(id));
            text(&format!("{} {} {}", line.seat_days, line.exact, line.amount_minor));
        }
        hash.update(self.stays_digest);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(amount_minor: i64) -> InvoiceLine {
        InvoiceLine::adjustment(&BilledFor::Seats(SeatClass::Regular), 1, amount_minor)
    }

    #[test]
    fn an_amount_that_needs_more_than_64_bits_is_an_error() {
        assert!(total(&[line(i64::MAX), line(1)]).is_err());
    }
}
