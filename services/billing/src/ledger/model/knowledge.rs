//! What is known at a time.

use jiff::Timestamp;

/// What is known: the facts up to a number, and what else was there at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knowledge {
    pub(crate) sequence: i64,
    pub(crate) at: Timestamp,
}
