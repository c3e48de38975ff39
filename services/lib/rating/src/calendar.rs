//! The local dates of a period, and the instants at which they begin.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Maximum number of dates in a period.
const MOST_DATES: usize = 400;

/// A period's dates. Date `i` is `[starts[i], starts[i + 1])`. Days have 23, 24, 24.5 or 25 hours, and a date that
/// the zone skipped has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    dates: Vec<Date>,
    starts: Vec<i64>,
}

/// The dates are not a valid period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeriod {
    /// The end is not after the start.
    #[error("the period must end after it starts: {0} to {1}")]
    Empty(Date, Date),
    /// The period has too many dates.
    #[error("a period has at most 400 days")]
    TooLong,
    /// The period is outside the supported years.
    #[error("the period is outside the years that can be counted")]
    OutOfRange,
}

impl Calendar {
    /// Creates a calendar of the dates from `start` to the day before `end`, in a zone.
    ///
    /// # Errors
    /// See [`InvalidPeriod`].
    pub fn new(start: Date, end: Date, zone: &TimeZone) -> Result<Self, InvalidPeriod> {
        if start >= end {
            return Err(InvalidPeriod::Empty(start, end));
        }
        let mut dates = Vec::new();
        let mut starts = vec![start_of_day(start, zone)?];
        let mut date = start;
        while date < end {
            if dates.len() == MOST_DATES {
                return Err(InvalidPeriod::TooLong);
            }
            dates.push(date);
            date = date.tomorrow().map_err(|_| InvalidPeriod::OutOfRange)?;
            starts.push(start_of_day(date, zone)?);
        }
        Ok(Self { dates, starts })
    }

    /// Creates a calendar of the dates from `start` to the day before `end`, from recorded instants.
    ///
    /// # Errors
    /// The number of instants is not the number of dates plus one.
    pub fn recorded(start: Date, end: Date, starts: Vec<i64>) -> Result<Self, InvalidPeriod> {
        let mut dates = Vec::new();
        let mut date = start;
        while date < end {
            dates.push(date);
            date = date.tomorrow().map_err(|_| InvalidPeriod::OutOfRange)?;
        }
        if dates.is_empty() || starts.len() != dates.len() + 1 {
            return Err(InvalidPeriod::OutOfRange);
        }
        Ok(Self { dates, starts })
    }

    /// Moves the start of the first date to where the period before ended. After a change of the account's zone, the
    /// instants before the first nominal date belong to the first date.
    #[must_use]
    pub fn opened_at(mut self, instant: Timestamp) -> Self {
        let opening = instant.as_microsecond();
        if let Some(first) = self.starts.first_mut() {
            *first = opening;
        }
        // Zones can be more than a day apart: then the second date is over when the period opens.
        for start in &mut self.starts {
            *start = opening.max(*start);
        }
        self
    }

    /// Adds the last microsecond before the period as one more date: persons who left at the first instant were
    /// present then.
    #[must_use]
    pub fn with_eve(&self) -> Self {
        let first = self.dates.first().copied().unwrap_or_default();
        let mut eve = Self { dates: vec![first.yesterday().unwrap_or(first)], starts: vec![self.open() - 1] };
        eve.dates.extend(&self.dates);
        eve.starts.extend(&self.starts);
        eve
    }

    /// Returns the number of dates, which is the denominator of every daily share.
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// Always false: a period has at least one date.
    pub fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    /// Returns whether the zone skipped any of the dates (Pacific/Apia, 30 December 2011).
    pub fn skips(&self) -> bool {
        self.starts.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// Returns the dates.
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// Returns when date `index` begins, in microseconds since 1970. The index after the last date gives the period's
    /// end.
    pub fn start(&self, index: usize) -> i64 {
        self.starts[index.min(self.dates.len())]
    }

    /// Returns the period's first instant, in microseconds since 1970.
    pub fn open(&self) -> i64 {
        self.start(0)
    }

    /// Returns the first instant after the period, in microseconds since 1970.
    pub fn close(&self) -> i64 {
        self.start(self.dates.len())
    }

    /// Returns the date that contains an instant of the period.
    pub fn locate(&self, instant: i64) -> usize {
        // A skipped date begins where the next one does, so the last date that has begun counts.
        self.starts.partition_point(|start| *start <= instant).clamp(1, self.dates.len()) - 1
    }
}

/// Returns the first instant whose local date is `date` or later, in microseconds since 1970.
///
/// It is never computed by adding a day's length to another start, because midnight may not exist, or exist twice.
fn start_of_day(date: Date, zone: &TimeZone) -> Result<i64, InvalidPeriod> {
    let out_of_range = |_| InvalidPeriod::OutOfRange;
    let midnight = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
    if !matches!(midnight.offset(), AmbiguousOffset::Gap { .. }) {
        return Ok(midnight.earlier().map_err(out_of_range)?.as_microsecond());
    }
    // If clocks skip midnight, the day begins with the jump.
    let after = midnight.later().map_err(out_of_range)?;
    let jump = zone.preceding(after).next().map(|transition| transition.timestamp());
    let at_jump = zone.following(midnight.earlier().map_err(out_of_range)?).next();
    let instant = at_jump.map(|transition| transition.timestamp()).filter(|at| *at <= after).or(jump);
    Ok(instant.unwrap_or(after).as_microsecond())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn hours(start: Date, end: Date, zone: &str) -> Vec<i64> {
        let calendar = Calendar::new(start, end, &TimeZone::get(zone).unwrap()).unwrap();
        (0..calendar.len()).map(|i| (calendar.start(i + 1) - calendar.start(i)) / 60_000_000).collect()
    }

    #[test]
    fn days_have_the_length_that_their_zone_gives_them() {
        assert_eq!(hours(date(2026, 3, 7), date(2026, 3, 10), "America/New_York"), [1440, 1380, 1440]);
        assert_eq!(hours(date(2026, 11, 1), date(2026, 11, 2), "America/New_York"), [1500]);
        assert_eq!(hours(date(2026, 4, 5), date(2026, 4, 6), "Australia/Lord_Howe"), [1470]);
        assert_eq!(hours(date(2011, 12, 29), date(2012, 1, 1), "Pacific/Apia"), [1440, 0, 1440]);
    }

    #[test]
    fn e33_a_midnight_that_does_not_exist_is_the_jump_over_it() {
        let zone = TimeZone::get("Africa/Cairo").unwrap();
        let calendar = Calendar::new(date(2026, 4, 24), date(2026, 4, 25), &zone).unwrap();

        assert_eq!(calendar.open(), "2026-04-23T22:00:00Z".parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!((calendar.close() - calendar.open()) / 3_600_000_000, 23);
    }

    #[test]
    fn every_instant_belongs_to_exactly_one_date() {
        let zone = TimeZone::get("Pacific/Apia").unwrap();
        let calendar = Calendar::new(date(2011, 12, 29), date(2012, 1, 1), &zone).unwrap();

        assert_eq!(calendar.locate(calendar.open()), 0);
        assert_eq!(calendar.locate(calendar.start(1) - 1), 0);
        // The skipped date has no instants: its start equals the next date's.
        assert_eq!(calendar.locate(calendar.start(1)), 2);
        assert_eq!(calendar.locate(calendar.close() - 1), 2);
    }

    #[test]
    fn a_period_needs_a_day_and_an_end() {
        let day = date(2026, 6, 1);
        assert_eq!(Calendar::new(day, day, &TimeZone::UTC), Err(InvalidPeriod::Empty(day, day)));
        assert_eq!(Calendar::new(day, date(2028, 6, 1), &TimeZone::UTC), Err(InvalidPeriod::TooLong));
    }
}
