//! Invoice lines, their totals, and the hash of a snapshot.

use num_bigint::BigInt;
use num_rational::BigRational;
use sha2::{Digest as _, Sha256};
use usher_base::id::PersonKey;
use usher_rating::{Calendar, DailyCount, Member, RatingError};
use usher_seats::{CountingMode, LineKind, SeatClass};

use crate::audit::model::hash::Hash;
use crate::invoicing::model::charge::{Charge, SeatCharge, UsedPrice};
use crate::terms::model::price_version::PriceVersion;

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvoiceLine {
    pub(crate) charge: Charge,
    /// The number of the period that the line is about.
    pub(crate) origin: i64,
    pub(crate) exact: BigRational,
    pub(crate) amount_minor: i64,
}

impl InvoiceLine {
    /// Creates a line with a whole number of minor units.
    pub(crate) fn new(charge: Charge, origin: i64, amount_minor: i64) -> Self {
        let exact = BigRational::from_integer(BigInt::from(amount_minor));
        Self { charge, origin, exact, amount_minor }
    }
}

/// Computes the lines for the seats of a period, given its number and the decimal places of its currency: seats,
/// floors, and the difference to the minimum spend.
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
        let used = used_versions(class, calendar, versions).into_iter().map(|version| UsedPrice {
            version: version.id,
            unit_price: version.unit_price.spelled(exponent),
        });
        let seats = SeatCharge { class, mode: line.mode, prices: used.collect(), seat_days: line.seat_days };
        let charge = if line.kind == LineKind::Floor { Charge::Floor(seats) } else { Charge::Seats(seats) };
        lines.push(InvoiceLine {
            charge,
            origin: ordinal,
            exact: line.exact,
            amount_minor: line.amount_minor,
        });
    }
    let missing = minimum_spend - total(&lines)?;
    if missing > 0 {
        lines.push(InvoiceLine::new(Charge::MinimumSpend, ordinal, missing));
    }
    Ok(lines)
}

/// Returns the versions in force on any date of a period, by date.
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

/// Sums the amounts of lines.
pub(crate) fn total<'l>(lines: impl IntoIterator<Item = &'l InvoiceLine>) -> Result<i64, RatingError> {
    lines.into_iter().try_fold(0_i64, |total, line| {
        let class = || line.charge.class().map_or("(none)", SeatClass::as_str).to_owned();
        total.checked_add(line.amount_minor).ok_or_else(|| RatingError::TooLarge(class()))
    })
}

/// SHA-256 over the intervals of all persons, computed person by person.
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

/// The hashed content of a snapshot.
pub(crate) struct Sealed<'a> {
    pub(crate) header: &'a [String],
    pub(crate) calendar: &'a Calendar,
    pub(crate) stays_digest: &'a Hash,
    /// Ordered by class and date.
    pub(crate) counts: &'a [Vec<DailyCount>],
    pub(crate) lines: &'a [InvoiceLine],
}

impl Sealed<'_> {
    /// Computes SHA-256 over the whole content.
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
            let charge = &line.charge;
            text(charge.kind().as_str());
            text(charge.class().map_or("", SeatClass::as_str));
            text(&line.origin.to_string());
            text(charge.mode().map_or("", CountingMode::as_str));
            charge.price_versions().iter().for_each(|id| text(id));
            text(&format!("{} {} {}", charge.seat_days(), line.exact, line.amount_minor));
        }
        hash.update(self.stays_digest);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoicing::model::charge::BilledFor;

    fn line(amount_minor: i64) -> InvoiceLine {
        InvoiceLine::new(Charge::Adjustment(BilledFor::Seats(SeatClass::Regular)), 1, amount_minor)
    }

    #[test]
    fn an_amount_that_needs_more_than_64_bits_is_an_error() {
        assert!(total(&[line(i64::MAX), line(1)]).is_err());
    }
}
