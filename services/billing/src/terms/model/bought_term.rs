//! The term of a commitment.

use jiff::ToSpan as _;
use jiff::civil::Date;
use usher_base::id::CommitmentId;
use usher_seats::Pool;

use crate::terms::model::price_version::UnitPrice;

/// A number of seats of a pool at a price, for a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commitment {
    pub(crate) id: CommitmentId,
    pub(crate) pool: Pool,
    pub(crate) quantity: i64,
    /// The price of a seat for a whole period.
    pub(crate) unit_price: UnitPrice,
    pub(crate) first: Date,
    /// The date after the last date.
    pub(crate) end: Date,
}

impl Commitment {
    /// Returns whether the term includes a date.
    pub(crate) fn holds_on(&self, date: Date) -> bool {
        self.first <= date && date < self.end
    }

    /// Returns the term's quarters. Each boundary is computed from the term's first date, because chained addition
    /// drifts: from 31 January the boundaries are 30 April, 31 July, 31 October and 31 January.
    pub(crate) fn quarters(&self) -> impl Iterator<Item = Quarter> + use<> {
        let (term, term_end) = (self.first, self.end);
        let boundary =
            move |number: i32| term.checked_add((3 * number).months()).unwrap_or(term_end).min(term_end);
        (0..)
            .map(move |number| Quarter { first: boundary(number), end: boundary(number + 1) })
            .take_while(|quarter| quarter.first < quarter.end)
    }
}

/// Three months of a term, or the rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quarter {
    pub(crate) first: Date,
    /// The date after the last date.
    pub(crate) end: Date,
}

impl Quarter {
    /// Returns the last date.
    pub(crate) fn last(self) -> Date {
        self.end.yesterday().unwrap_or(self.first)
    }
}

/// Returns the number of committed seats of a pool on a date.
pub(crate) fn committed(commitments: &[Commitment], pool: Pool, date: Date) -> i64 {
    let holds = |commitment: &&Commitment| commitment.pool == pool && commitment.holds_on(date);
    commitments.iter().find(holds).map_or(0, |commitment| commitment.quantity)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn quarters_are_computed_from_the_terms_first_date_and_end_with_the_term() {
        let commitment = Commitment {
            id: CommitmentId::from_uuid(uuid::Uuid::nil()),
            pool: Pool::Paid,
            quantity: 1,
            unit_price: UnitPrice::from_micros(1),
            first: date(2026, 1, 31),
            end: date(2026, 12, 1),
        };

        let ends: Vec<Date> = commitment.quarters().map(|quarter| quarter.end).collect();

        assert_eq!(ends, [date(2026, 4, 30), date(2026, 7, 31), date(2026, 10, 31), date(2026, 12, 1)]);
        assert_eq!(commitment.quarters().nth(1).unwrap().first, date(2026, 4, 30));
        assert!(commitment.holds_on(date(2026, 1, 31)) && !commitment.holds_on(date(2026, 12, 1)));
    }
}
