//! How texts are compared.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The form in which texts are compared where case does not matter: lower case by Unicode's rules.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Reads a time to compare with: RFC 3339; without an offset it is UTC. A `+` that became a space on
/// its way through a query string is read as what it was.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let read = |text: &str| {
        text.parse::<Timestamp>().ok().or_else(|| {
            let civil: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()
        })
    };
    let repaired = || text.rsplit_once(' ').and_then(|(time, offset)| read(&format!("{time}+{offset}")));
    let offset_lost = text.len() > 19 && text.get(19..).is_some_and(|rest| rest.contains(' '));
    if offset_lost { repaired() } else { read(text) }
}

/// Whether a text is a time that can be stored: RFC 3339 with an offset, years 1 to 9999.
pub(crate) fn is_storable_time(text: &str) -> bool {
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
        return false;
    }
    let rest = &text[19..];
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let fraction = rest.len() - offset.len();
    let offset_fits = offset == "Z"
        || (offset.len() == 6
            && offset.starts_with(['+', '-'])
            && offset.as_bytes()[3] == b':'
            && &offset[1..3] <= "14");
    fraction != 1 && fraction <= 10 && offset_fits && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_clients_write_them() {
        let at: Timestamp = "2015-10-10T21:38:21.8617979Z".parse().unwrap();
        for text in [
            "2015-10-10T14:38:21.8617979-07:00",
            "2015-10-10T21:38:21.8617979",
            "2015-10-10T22:38:21.8617979 01:00",
            "2015-10-10T22:38:21.8617979+01:00",
        ] {
            assert_eq!(moment(text), Some(at), "{text}");
        }
        assert_eq!(moment("yesterday"), None);
        assert_eq!(moment(""), None);
    }

    #[test]
    fn only_times_that_every_reader_understands_are_stored() {
        for text in ["2026-06-01T12:00:00Z", "0001-01-01T00:00:00.123456789+14:00"] {
            assert!(is_storable_time(text), "{text}");
        }
        for text in [
            "2026-06-01",
            "2026-06-01T12:00:00",
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
            assert!(!is_storable_time(text), "{text}");
        }
    }
}
