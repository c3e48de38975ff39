//! An invoice that is not closed.

use usher_rating::{Calendar, DailyCount};

use crate::audit::model::hash::Hash;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::settlement::{Currencies, Settlements};
use crate::terms::model::period::Period;

/// A period's invoice, not closed.
pub(crate) struct Draft {
    pub(crate) period: Period,
    pub(crate) calendar: Calendar,
    /// By class and date.
    pub(crate) counts: Vec<Vec<DailyCount>>,
    /// Over who was billable when, by the ledger's facts.
    pub(crate) stays_digest: Hash,
    pub(crate) lines: Vec<InvoiceLine>,
    /// Of the periods that the lines are about.
    pub(crate) currencies: Currencies,
    pub(crate) settlements: Settlements,
    /// The last fact that is counted.
    pub(crate) sequence: i64,
}
