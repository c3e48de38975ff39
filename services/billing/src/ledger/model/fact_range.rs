//! Which facts are wanted.

use jiff::Timestamp;

/// Which facts are wanted; what is none leaves none out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FactRange {
    pub(crate) after_sequence: i64,
    pub(crate) until_sequence: Option<i64>,
    /// Those that were effective from this time on, and before the other.
    pub(crate) effective: (Option<Timestamp>, Option<Timestamp>),
}
