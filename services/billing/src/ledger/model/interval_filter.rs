use jiff::Timestamp;
use usher_base::id::PersonKey;
use usher_seats::SeatClass;

/// A selection of intervals. A condition that is `None` or false excludes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IntervalFilter {
    pub(crate) person: Option<PersonKey>,
    pub(crate) class: Option<SeatClass>,
    pub(crate) open_only: bool,
    /// Intervals that overlap the range from the first time to before the second.
    pub(crate) overlap: (Option<Timestamp>, Option<Timestamp>),
}
