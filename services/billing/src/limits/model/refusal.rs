//! How often identity refused a seat, as it counts.

use jiff::Timestamp;
use usher_seats::Pool;

/// So many refusals since the workspace began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusals {
    pub(crate) pool: Pool,
    pub(crate) total: i64,
}

/// What was known of a pool at a watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) as_of: Timestamp,
    pub(crate) total: i64,
}
