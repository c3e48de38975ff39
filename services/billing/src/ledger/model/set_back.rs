//! Times that an epoch sets back because a clock was ahead.

use jiff::{SignedDuration, Timestamp};

/// Times that an epoch sets back because a clock was ahead: the states with these numbers count from a time on, one
/// microsecond apart, instead of at their effective times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetBack {
    pub(crate) to: Timestamp,
    pub(crate) from_sequence: i64,
    pub(crate) until_sequence: i64,
}

impl SetBack {
    /// Returns when the last of the states counts.
    pub(crate) fn last(&self) -> Timestamp {
        self.to + SignedDuration::from_micros(self.until_sequence - self.from_sequence)
    }
}
