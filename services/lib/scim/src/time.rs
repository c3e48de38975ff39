//! Parses, stores and compares times.

use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::{Span, Unit};

const EPOCH: Date = jiff::civil::date(1970, 1, 1);
const DAY: i128 = 86_400 * 1_000_000_000;

/// Parses a time to compare with, in microseconds since 1970: RFC 3339, in UTC if it has no offset. A `+`
/// that became a space in a query string is read as a `+`.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let offset_lost = text.get(19..).is_some_and(|rest| rest.contains(' '));
    let nanos = if offset_lost {
        let (time, offset) = text.rsplit_once(' ')?;
        nanoseconds(&format!("{time}+{offset}"))
    } else {
        nanoseconds(text)
    };
    i64::try_from(nanos?.div_euclid(1_000)).ok()
}

/// Parses a stored time, in microseconds since 1970, rounded as PostgreSQL rounds it.
pub(crate) fn stored_moment(text: &str) -> Option<i64> {
    i64::try_from((nanoseconds(text)? + 500).div_euclid(1_000)).ok()
}

/// Returns the form in which a time is stored, or `None` if not every reader understands it: RFC 3339, years
/// 1 to 9999. A time without an offset is UTC, and the stored form says so.
pub(crate) fn storable_time(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let shape = text.is_ascii()
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && digits(11..13)
        && digits(14..16)
        && digits(17..19)
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|(at, c)| bytes[*at] == *c);
    if !shape || &text[..4] == "0000" || &text[17..19] > "59" {
        return None;
    }
    let rest = &text[19..];
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let fraction = rest.len() - offset.len();
    let offset_fits = offset.is_empty()
        || offset == "Z"
        || (offset.len() == 6
            && offset.starts_with(['+', '-'])
            && offset.as_bytes()[3] == b':'
            && &offset[1..3] <= "14");
    let is_time = fraction != 1 && fraction <= 10 && offset_fits && nanoseconds(text).is_some();
    is_time.then(|| if offset.is_empty() { format!("{text}Z") } else { text.to_owned() })
}

/// Returns nanoseconds since 1970. jiff's `Timestamp` ends some hours before the end of the year 9999, which
/// clients send as their latest time; civil dates and plain numbers reach that far.
fn nanoseconds(text: &str) -> Option<i128> {
    let pieces = Pieces::parse(text).ok()?;
    let civil = DateTime::from_parts(pieces.date(), pieces.time().unwrap_or_default());
    let offset = match pieces.offset() {
        None | Some(PiecesOffset::Zulu) => 0,
        Some(PiecesOffset::Numeric(numeric)) => numeric.offset().seconds(),
        Some(_) => return None,
    };
    let days: Span = civil.date().since((Unit::Day, EPOCH)).ok()?;
    let time = civil.time().duration_since(jiff::civil::Time::midnight()).as_nanos();
    Some(i128::from(days.get_days()) * DAY + time - i128::from(offset) * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn times_are_parsed_as_clients_write_them() {
        let at: Timestamp = "2015-10-10T21:38:21.8617979Z".parse().unwrap();
        for text in [
            "2015-10-10T14:38:21.8617979-07:00",
            "2015-10-10T21:38:21.8617979",
            "2015-10-10T22:38:21.8617979 01:00",
            "2015-10-10T22:38:21.8617979+01:00",
        ] {
            assert_eq!(moment(text), Some(at.as_microsecond()), "{text}");
        }
        assert_eq!(stored_moment("2015-10-10T21:38:21.8617979Z"), Some(at.as_microsecond() + 1));
        assert_eq!(moment("yesterday"), None);
        assert_eq!(moment(""), None);
    }

    #[test]
    fn the_last_second_of_the_year_9999_is_a_time() {
        assert_eq!(moment("9999-12-31T23:59:59Z"), Some(253_402_300_799_000_000));
        assert_eq!(moment("9999-12-31T23:59:59-14:00"), Some(253_402_351_199_000_000));
        assert_eq!(storable_time("9999-12-31T23:59:59Z").as_deref(), Some("9999-12-31T23:59:59Z"));
    }

    #[test]
    fn a_time_without_an_offset_is_stored_as_utc() {
        assert_eq!(storable_time("2026-06-01T12:00:00").as_deref(), Some("2026-06-01T12:00:00Z"));
        assert_eq!(storable_time("2026-06-01T12:00:00.5").as_deref(), Some("2026-06-01T12:00:00.5Z"));
    }

    #[test]
    fn only_times_that_every_reader_understands_are_stored() {
        for text in ["2026-06-01T12:00:00Z", "0001-01-01T00:00:00.123456789+14:00"] {
            assert_eq!(storable_time(text).as_deref(), Some(text));
        }
        for text in [
            "2026-06-01",
            "2026-06-01 12:00:00Z",
            "2026-02-30T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-06-01T12:00:60Z",
            "2026-06-01T12:00:00.Z",
            "2026-06-01T12:00:00+15:00",
            "2026-06-01T12:00:00Z[UTC]",
            "2026-06-01T12:00:00é",
            "+002026-06-01T12:00:00Z",
            "",
        ] {
            assert_eq!(storable_time(text), None, "{text}");
        }
    }

    #[test]
    fn literals_are_truncated_to_the_microsecond_and_stored_times_are_rounded() {
        for (text, cut, rounded) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("1970-01-01T00:00:01Z", 1_000_000, 1_000_000),
            ("1970-01-02T00:00:00Z", 86_400_000_000, 86_400_000_000),
            ("1970-01-01T00:00:00.0000004Z", 0, 0),
            ("1970-01-01T00:00:00.0000005Z", 0, 1),
            ("1970-01-01T00:00:00.0000019Z", 1, 2),
            ("1969-12-31T23:59:59.9999995Z", -1, 0),
            ("1969-12-31T23:59:59.9999994Z", -1, -1),
            ("1970-01-01T01:00:00+01:00", 0, 0),
            ("1969-12-31T22:30:00-01:30", 0, 0),
        ] {
            assert_eq!((moment(text), stored_moment(text)), (Some(cut), Some(rounded)), "{text}");
        }
        assert_eq!(moment("1970-01-01 00:00:01Z"), Some(1_000_000), "only behind the time a blank is a plus");
        assert_eq!(moment("1970-01-01 01:00:01 01:00"), Some(1_000_000));
    }

    #[test]
    fn every_character_of_a_stored_time_is_checked() {
        let time = "2026-06-01T12:00:59.123456789-14:59";
        assert_eq!(storable_time(time).as_deref(), Some(time));
        for at in (0..19).chain([29, 32]) {
            for other in ["x", " ", "/"] {
                let mut text = time.to_owned();
                text.replace_range(at..=at, other);
                assert_eq!(storable_time(&text), None, "{text}");
            }
        }
        for at in 1..19 {
            assert_eq!(storable_time(&time[..at]), None, "{}", &time[..at]);
        }
        for rest in [".1234567890Z", ".Z", ".", "z", "+1400", "+14", "+14:0", "+014:00", "14:00", "ZZ", ".1z"]
        {
            assert_eq!(storable_time(&format!("2026-06-01T12:00:59{rest}")), None, "{rest}");
        }
        assert_eq!(storable_time("2026-06-01T24:00:00Z"), None);
    }
}
