//! How many seats are open from when on.

use std::collections::BTreeMap;

/// From an instant on, so many seats are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Microseconds since 1970.
    pub at: i64,
    /// Seats open from then on.
    pub open: i64,
}

impl Step {
    /// The steps of changes by instant, in order. Everything that happens at one instant is applied
    /// together before anything is counted.
    pub fn of(changes: &BTreeMap<i64, i64>) -> Vec<Self> {
        let mut open = 0;
        let step = |(at, change): (&i64, &i64)| {
            open += change;
            Self { at: *at, open }
        };
        changes.iter().map(step).collect()
    }
}
