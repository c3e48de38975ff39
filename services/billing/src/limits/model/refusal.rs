//! Counts of refused seats, as identity keeps them.

use jiff::Timestamp;
use usher_seats::Pool;

/// The number of refusals since the workspace was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusals {
    pub(crate) pool: Pool,
    pub(crate) total: i64,
}

/// The number that was known of a pool at a watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) as_of: Timestamp,
    pub(crate) total: i64,
}
