//! What is bought for a term.

use jiff::civil::Date;
use usher_base::id::CommitmentId;

use crate::limit::Pool;
use crate::price::UnitPrice;

/// So many seats of a pool at a price, for a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commitment {
    pub(crate) id: CommitmentId,
    pub(crate) pool: Pool,
    pub(crate) quantity: i64,
    /// For a whole period.
    pub(crate) unit_price: UnitPrice,
    pub(crate) first: Date,
    /// The date after the last.
    pub(crate) end: Date,
}

impl Commitment {
    /// Whether it holds on a date.
    pub(crate) fn holds_on(&self, date: Date) -> bool {
        self.first <= date && date < self.end
    }
}

/// The seats of a pool that are committed on a date.
pub(crate) fn committed(commitments: &[Commitment], pool: Pool, date: Date) -> i64 {
    let holds = |commitment: &&Commitment| commitment.pool == pool && commitment.holds_on(date);
    commitments.iter().find(holds).map_or(0, |commitment| commitment.quantity)
}
