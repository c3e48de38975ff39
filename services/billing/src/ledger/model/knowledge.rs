//! The transaction time of a read.

use jiff::Timestamp;

/// What is known: the facts up to a number, and everything else that was recorded by a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knowledge {
    pub(crate) sequence: i64,
    pub(crate) at: Timestamp,
}
