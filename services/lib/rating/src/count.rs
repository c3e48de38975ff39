//! Seats by day: what statements, usage and reports show.

use crate::calendar::Calendar;
use crate::step::Step;

/// One class on one date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DailyCount {
    /// Persons whose highest class touched on the date was this one.
    pub seat_days: i64,
    /// Open at the date's last microsecond.
    pub closing: i64,
    /// The most open at once on the date.
    pub peak: i64,
}

pub(crate) fn open(steps: &[Step], calendar: &Calendar, of_class: &mut [DailyCount]) {
    let mut steps = steps.iter().peekable();
    let mut running = 0;
    for (index, count) in of_class.iter_mut().enumerate() {
        let end = calendar.start(index + 1);
        if calendar.start(index) == end {
            // A date that the zone skipped has no instant at which anything could be open.
            continue;
        }
        // What happens at the very start of the date happens before anything is counted.
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
