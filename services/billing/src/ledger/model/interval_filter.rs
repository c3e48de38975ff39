//! Which intervals are wanted.

use jiff::Timestamp;
use usher_base::id::PersonKey;
use usher_seats::SeatClass;

/// Which intervals are wanted; what is none or false leaves none out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IntervalFilter {
    pub(crate) person: Option<PersonKey>,
    pub(crate) class: Option<SeatClass>,
    pub(crate) open_only: bool,
    /// Those that have an instant from this one on, and before the other.
    pub(crate) overlap: (Option<Timestamp>, Option<Timestamp>),
}
