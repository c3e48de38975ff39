//! The seat counts that an invoice needs: sums over persons, who are not kept in memory.

use usher_rating::{Calendar, Tally};

use crate::audit::model::hash::Hash;
use crate::invoicing::model::line::InvoiceLine;
use crate::ledger::model::pool_usage::PoolUsages;

/// The seats of a period, and of the other periods that its invoice is about.
pub(crate) struct PeriodSeats {
    pub(crate) calendar: Calendar,
    pub(crate) tally: Tally,
    /// SHA-256 over all persons' intervals, from the ledger's facts.
    pub(crate) stays_digest: Hash,
    /// The closed periods that facts have changed since the last close, oldest first.
    pub(crate) closed: Vec<ClosedSeats>,
    pub(crate) pools: PoolUsages,
}

/// The current seats of a closed period, and what was billed for it.
pub(crate) struct ClosedSeats {
    pub(crate) ordinal: i64,
    pub(crate) tally: Tally,
    pub(crate) billed: Vec<InvoiceLine>,
}
