//! How many seats of a class are open at each instant of a period.

use super::calendar::Calendar;
use super::presence::Presence;

/// From an instant on, so many seats are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Microseconds since 1970.
    pub at: i64,
    /// Seats open from then on.
    pub open: i64,
}

/// The steps of a class, in order, the first at the period's first instant. Everything that happens
/// at one instant is applied together before anything is counted.
pub fn steps<P>(presence: &Presence<P>, class: usize, calendar: &Calendar) -> Vec<Step> {
    let mut changes: Vec<(i64, i64)> = vec![(calendar.open(), 0)];
    for stay in presence.members.iter().flat_map(|member| &member.stays).filter(|stay| stay.class == class) {
        changes.push((stay.start, 1));
        if let Some(end) = stay.end.filter(|end| *end < calendar.close()) {
            changes.push((end, -1));
        }
    }
    changes.sort_unstable();
    let mut open = 0;
    let mut steps: Vec<Step> = Vec::new();
    for (at, change) in changes {
        open += change;
        match steps.last_mut() {
            Some(step) if step.at == at => step.open = open,
            _ => steps.push(Step { at, open }),
        }
    }
    steps
}
