//! Seats by day, for statements, usage and reports.

use crate::calendar::Calendar;
use crate::step::Step;

/// The counts of one class on one date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DailyCount {
    /// Number of persons whose highest class on the date was this one.
    pub seat_days: i64,
    /// Seats open at the date's last microsecond.
    pub closing: i64,
    /// Maximum number of seats open at once on the date.
    pub peak: i64,
}

pub(crate) fn open(steps: &[Step], calendar: &Calendar, of_class: &mut [DailyCount]) {
    let mut steps = steps.iter().peekable();
    let mut running = 0;
    for (index, count) in of_class.iter_mut().enumerate() {
        let end = calendar.start(index + 1);
        if calendar.start(index) == end {
            // A date that the zone skipped has no instant at which a seat could be open.
            continue;
        }
        // Changes at the very start of the date apply before anything is counted.
        while let Some(step) = steps.next_if(|step| step.at <= calendar.start(index)) {
            running = step.open;
        }
        count.peak = running;
        while let Some(step) = steps.next_if(|step| step.at < end) {
            running = step.open;
            count.peak = count.peak.max(running);
        }
        count.closing = running;
    }
}
