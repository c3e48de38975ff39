use jiff::Timestamp;
use usher_seats::Pool;

/// An alert that was raised.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) pool: Pool,
    pub(crate) version: i64,
    /// The percentage of the limit.
    pub(crate) threshold: i32,
    pub(crate) in_use: i64,
    pub(crate) at: Timestamp,
}
