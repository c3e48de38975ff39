//! The number of open seats over time.

use std::collections::BTreeMap;

/// The number of open seats from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The instant, in microseconds since 1970.
    pub at: i64,
    /// Number of seats open from then on.
    pub open: i64,
}

impl Step {
    /// Computes the steps from changes by instant, in order. All changes at one instant apply together before
    /// anything is counted.
    pub fn of(changes: &BTreeMap<i64, i64>) -> Vec<Self> {
        let mut open = 0;
        let step = |(at, change): (&i64, &i64)| {
            open += change;
            Self { at: *at, open }
        };
        changes.iter().map(step).collect()
    }
}
