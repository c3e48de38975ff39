//! A view of a period: as it was closed, or as of a time.

use usher_rating::Calendar;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::store::closes;
use crate::ledger::model::knowledge::Knowledge;
use crate::terms::model::period::Period;

/// A period as of a time. The view of a closed period never changes, because later facts are booked in a later
/// period.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) period: Period,
    /// For a closed period the recorded calendar, whatever rules its zone has now.
    pub(crate) calendar: Calendar,
    pub(crate) known: Knowledge,
    pub(crate) closed: bool,
}

impl View {
    /// Returns the period as of a time; if it was closed by then, as of its close.
    pub(crate) async fn new(
        tx: &mut TenantTx,
        period: Period,
        known: Knowledge,
    ) -> Result<Self, BillingError> {
        let close = closes::find(tx, period.ordinal).await?.filter(|close| close.closed_at <= known.at);
        Ok(match close {
            Some(close) => Self {
                period,
                calendar: close.calendar,
                known: Knowledge { sequence: close.sequence, at: close.closed_at },
                closed: true,
            },
            None => Self { calendar: period.calendar()?, period, known, closed: false },
        })
    }

    /// Returns the last instant that the view is about, in microseconds since 1970; for a period that has not ended,
    /// the time of the view.
    pub(crate) fn last_instant(&self) -> i64 {
        self.known.at.as_microsecond().min(self.calendar.close() - 1)
    }
}
