//! How a period is seen: as it was closed, or by what is known.

use usher_rating::Calendar;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::store::closes;
use crate::ledger::model::knowledge::Knowledge;
use crate::terms::model::period::Period;

/// A period with what is known of it. Of a closed one that never changes: whatever comes later is
/// booked in a later period.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) period: Period,
    /// Of a closed period as it was recorded, whatever became of its zone.
    pub(crate) calendar: Calendar,
    pub(crate) known: Knowledge,
    pub(crate) closed: bool,
}

impl View {
    /// The period by what was known at a time; if it was closed by then, by what it was closed with.
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

    /// The last instant that it is about, in microseconds since 1970: of a period that goes on, the one
    /// at which it is seen.
    pub(crate) fn last_instant(&self) -> i64 {
        self.known.at.as_microsecond().min(self.calendar.close() - 1)
    }
}
