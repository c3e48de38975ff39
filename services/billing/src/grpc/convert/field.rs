//! Conversions of fields that several messages have.

use jiff::Timestamp;
use jiff::civil::{Date, date as civil};
use usher_rpc::convert::{InvalidArgument, from_wire, invalid, missing, parse};

/// The range of dates that accounts, prices and reports accept.
const DATES: std::ops::RangeInclusive<Date> = civil(1970, 1, 1)..=civil(2199, 12, 31);
/// Maximum length of a reason, in bytes.
const MOST_REASON: usize = 500;

/// Parses a required date.
pub(in crate::grpc) fn date(field: &'static str, text: &str) -> Result<Date, InvalidArgument> {
    if text.is_empty() {
        return Err(missing(field));
    }
    let date: Date = text.parse().map_err(|_| invalid(field, "write it as a date such as 2026-06-01"))?;
    if DATES.contains(&date) {
        Ok(date)
    } else {
        Err(invalid(field, format_args!("it must be from {} to {}", DATES.start(), DATES.end())))
    }
}

/// Parses an optional date.
pub(super) fn optional_date(field: &'static str, text: &str) -> Result<Option<Date>, InvalidArgument> {
    if text.is_empty() { Ok(None) } else { date(field, text).map(Some) }
}

/// Converts a required time.
pub(super) fn required_time(
    field: &'static str,
    time: Option<prost_types::Timestamp>,
) -> Result<Timestamp, InvalidArgument> {
    let time = from_wire(field, time.ok_or_else(|| missing(field))?)?;
    // The database has no times before year 1.
    let year = jiff::tz::TimeZone::UTC.to_datetime(time).year();
    if year < 1 { Err(invalid(field, "it is out of range")) } else { Ok(time) }
}

/// Converts an optional time.
pub(in crate::grpc) fn optional_time(
    field: &'static str,
    time: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, InvalidArgument> {
    time.map(|time| required_time(field, Some(time))).transpose()
}

/// Returns `None` if the text is empty.
pub(in crate::grpc) fn optional<T>(field: &'static str, text: &str) -> Result<Option<T>, InvalidArgument>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    if text.is_empty() { Ok(None) } else { parse(field, text).map(Some) }
}

/// Converts a hash, a key or a signature.
pub(super) fn array<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], InvalidArgument> {
    bytes.try_into().map_err(|_| invalid(field, format_args!("it must have {N} bytes")))
}

/// Validates the reason of an action: it is stored, and people read it.
pub(in crate::grpc) fn reason(text: String) -> Result<String, InvalidArgument> {
    if text.trim().is_empty() || text.len() > MOST_REASON {
        Err(invalid("reason", format_args!("give a reason of at most {MOST_REASON} bytes")))
    } else if text.contains(char::is_control) {
        Err(invalid("reason", "it contains control characters; write one line of text"))
    } else {
        Ok(text)
    }
}
