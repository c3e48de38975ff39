//! How many seats of a class are open at each instant of a period.

/// From an instant on, so many seats are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Microseconds since 1970.
    pub at: i64,
    /// Seats open from then on.
    pub open: i64,
}
