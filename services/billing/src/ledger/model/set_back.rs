//! Time that an epoch sets back, where a clock had leapt ahead.

use jiff::{SignedDuration, Timestamp};

/// Time that an epoch sets back, because a clock had leapt ahead: the states of these numbers count from a time on, a
/// microsecond after each other, and not when they say that they are effective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetBack {
    pub(crate) to: Timestamp,
    pub(crate) from_sequence: i64,
    pub(crate) until_sequence: i64,
}

impl SetBack {
    /// When the last of them counts.
    pub(crate) fn last(&self) -> Timestamp {
        self.to + SignedDuration::from_micros(self.until_sequence - self.from_sequence)
    }
}
