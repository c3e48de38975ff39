use usher_rating::{Calendar, DailyCount};

use crate::audit::model::hash::Hash;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::settlement::{Currencies, Settlements};
use crate::terms::model::period::Period;

/// The invoice of an open period.
pub(crate) struct Draft {
    pub(crate) period: Period,
    pub(crate) calendar: Calendar,
    /// Ordered by class and date.
    pub(crate) counts: Vec<Vec<DailyCount>>,
    /// SHA-256 over all persons' intervals, from the ledger's facts.
    pub(crate) stays_digest: Hash,
    pub(crate) lines: Vec<InvoiceLine>,
    /// The currencies of the periods that the lines are about.
    pub(crate) currencies: Currencies,
    pub(crate) settlements: Settlements,
    /// The number of the last fact that is counted.
    pub(crate) sequence: i64,
}
