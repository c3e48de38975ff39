//! Local days as ranges of instants.
//!
//! A day is `[start_of_day(d), start_of_day(d + 1))`. Nothing here adds 24 hours: days of 23, 24.5 and
//! 25 hours, midnights that don't exist and dates that were skipped come out of the zone's own rules.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

/// The first instant whose local date is at least `date`. It saturates at the ends of time.
pub fn start_of_day(zone: &TimeZone, date: Date) -> Timestamp {
    let midnight = date.at(0, 0, 0, 0);
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(midnight);
    let found = match zone.to_ambiguous_timestamp(midnight).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        // Midnight comes twice: the day starts with the first.
        AmbiguousOffset::Fold { before, .. } => at(before),
        // Midnight is skipped: the day starts where the clock jumps over it.
        AmbiguousOffset::Gap { before, .. } => at(before).map(|after_jump| {
            let end = after_jump.checked_add(1.nanosecond()).unwrap_or(after_jump);
            zone.preceding(end).next().map_or(after_jump, |jump| jump.timestamp())
        }),
    };
    found.unwrap_or(if date < jiff::civil::date(1970, 1, 1) { Timestamp::MIN } else { Timestamp::MAX })
}

/// Consecutive local dates with their instants.
#[derive(Clone, Debug)]
pub struct Days {
    first: Date,
    /// The start of each day, and the end of the last.
    bounds: Vec<Timestamp>,
}

impl Days {
    /// The dates from `first` to the one before `end`. Empty where `end` is not after `first`.
    pub fn new(zone: &TimeZone, first: Date, end: Date) -> Self {
        let mut bounds = Vec::new();
        let mut date = first;
        while date < end {
            bounds.push(start_of_day(zone, date));
            date = date.tomorrow().unwrap_or(end);
        }
        bounds.push(start_of_day(zone, end.max(first)));
        Self { first, bounds }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The date at a position.
    pub fn date(&self, day: usize) -> Date {
        let days = i64::try_from(day).unwrap_or(i64::MAX);
        self.first.checked_add(days.days()).unwrap_or(Date::MAX)
    }

    /// The dates in order.
    pub fn dates(&self) -> impl Iterator<Item = Date> + '_ {
        (0..self.count()).map(|day| self.date(day))
    }

    /// The instants of a day: start, and end, which is the start of the next.
    pub fn range(&self, day: usize) -> Range<Timestamp> {
        self.bounds[day]..self.bounds[day + 1]
    }

    /// The first instant of all.
    pub fn start(&self) -> Timestamp {
        self.bounds[0]
    }

    /// The instant after the last.
    pub fn end(&self) -> Timestamp {
        self.bounds[self.count()]
    }

    /// The day on which an instant is; it must be within.
    pub fn day_of(&self, at: Timestamp) -> usize {
        self.bounds.partition_point(|bound| *bound <= at).saturating_sub(1)
    }

    /// The part of a half-open range that is within; `None` where that is empty.
    pub fn clip(&self, start: Timestamp, end: Option<Timestamp>) -> Option<Range<Timestamp>> {
        let start = start.max(self.start());
        let end = end.map_or(self.end(), |end| end.min(self.end()));
        (start < end).then_some(start..end)
    }

    /// The days that a clipped range touches.
    pub fn touched(&self, range: &Range<Timestamp>) -> Range<usize> {
        // The end itself is outside: a range that ends at midnight does not touch the day that begins.
        let end = self.bounds.partition_point(|bound| *bound < range.end);
        self.day_of(range.start)..end
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn start(name: &str, day: Date) -> String {
        start_of_day(&zone(name), day).to_string()
    }

    #[test]
    fn e33_cairo_24_april_2026_starts_at_22_utc_the_day_before_and_lasts_23_hours() {
        let days = Days::new(&zone("Africa/Cairo"), date(2026, 4, 24), date(2026, 4, 25));
        let range = days.range(0);

        assert_eq!(range.start.to_string(), "2026-04-23T22:00:00Z");
        assert_eq!((range.end.as_second() - range.start.as_second()) / 3_600, 23);
        assert_eq!(days.count(), 1);
    }

    #[test]
    fn a_day_starts_where_the_clock_jumps_over_midnight_even_from_before_it() {
        // Toronto in 1919: 23:30 became 00:30.
        assert_eq!(start("America/Toronto", date(1919, 3, 31)), "1919-03-31T04:30:00Z");
    }

    #[test]
    fn a_day_whose_midnight_comes_twice_starts_with_the_first() {
        // Havana falls back from 01:00 to 00:00.
        assert_eq!(start("America/Havana", date(2026, 11, 1)), "2026-11-01T04:00:00Z");
        // St. John's fell back from 00:01 to 23:01 of the day before.
        assert_eq!(start("America/St_Johns", date(2009, 11, 1)), "2009-11-01T02:30:00Z");
    }

    #[test]
    fn a_skipped_date_is_an_empty_day() {
        let days = Days::new(&zone("Pacific/Apia"), date(2011, 12, 29), date(2012, 1, 1));

        assert!(days.range(1).is_empty());
        assert_eq!(days.day_of(days.range(2).start), 2);
    }

    #[test]
    fn lord_howe_has_a_day_of_24_and_a_half_hours() {
        let range = Days::new(&zone("Australia/Lord_Howe"), date(2026, 4, 5), date(2026, 4, 6)).range(0);

        assert_eq!((range.end.as_second() - range.start.as_second()) / 60, 24 * 60 + 30);
    }
}
