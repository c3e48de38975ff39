//! Validation on the receiving side: `TryFrom` turns messages into domain types.

use jiff::Timestamp;
use prost_types::Timestamp as WireTimestamp;
use tonic::Status;
use usher_base::{Fault, Reason};
use usher_proto::error::v1 as pb;

use crate::status::status;

/// A field is missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {fault}")]
pub struct InvalidArgument {
    field: &'static str,
    fault: String,
}

impl Fault for InvalidArgument {
    fn reason(&self) -> Reason {
        Reason::InvalidArgument
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("field", self.field.to_owned())]
    }
}

impl From<InvalidArgument> for Status {
    fn from(error: InvalidArgument) -> Self {
        status(error)
    }
}

/// The error of a required field that is missing.
pub fn missing(field: &'static str) -> InvalidArgument {
    InvalidArgument { field, fault: "is missing".into() }
}

/// The error of a field with an invalid value.
pub fn invalid(field: &'static str, fault: impl std::fmt::Display) -> InvalidArgument {
    InvalidArgument { field, fault: format!("is not valid: {fault}") }
}

/// Parses an id, a domain, or anything else with `FromStr`.
///
/// # Errors
/// The field is empty or can't be parsed.
pub fn parse<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, InvalidArgument>
where
    T::Err: std::fmt::Display,
{
    if text.is_empty() {
        return Err(missing(field));
    }
    text.parse().map_err(|error| invalid(field, error))
}

/// Returns the requested page size, limited to `max`.
///
/// # Errors
/// The number is negative.
pub fn page_size(asked: i32, default: u32, max: u32) -> Result<u32, InvalidArgument> {
    match u32::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(max)),
        Err(_) => Err(invalid("page_size", "it is negative")),
    }
}

/// Parses a page token; `None` for the first page.
///
/// # Errors
/// The token was not returned by an earlier call.
pub fn page_token<T: std::str::FromStr>(token: &str) -> Result<Option<T>, InvalidArgument> {
    if token.is_empty() {
        return Ok(None);
    }
    let none = |_| invalid("page_token", "use the next_page_token of the previous page");
    token.parse().map(Some).map_err(none)
}

/// A reason for the wire: unspecified where there is none.
pub fn reason_to_wire(reason: Option<Reason>) -> i32 {
    let number = |reason: Reason| pb::Reason::from_str_name(&format!("REASON_{}", reason.name()));
    reason.and_then(number).unwrap_or_default().into()
}

/// A reason from the wire: `None` where it is unspecified, [`Reason::Internal`] for one of a later version.
pub fn reason_of_wire(number: i32) -> Option<Reason> {
    let Ok(wire) = pb::Reason::try_from(number) else { return Some(Reason::Internal) };
    wire.as_str_name().strip_prefix("REASON_").and_then(Reason::from_name)
}

/// A time for the wire.
pub fn to_wire(at: Timestamp) -> WireTimestamp {
    // Both use floored seconds and positive nanoseconds; jiff has signed nanoseconds before 1970.
    let nanos = at.as_nanosecond();
    WireTimestamp {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default(),
        nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default(),
    }
}

/// The range of seconds of a `google.protobuf.Timestamp`: the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Converts a time from its protocol form, in whole microseconds.
///
/// # Errors
/// The time is outside of the years 1 to 9999, or its nanoseconds exceed a second.
pub fn from_wire(field: &'static str, at: WireTimestamp) -> Result<Timestamp, InvalidArgument> {
    let out_of_range = || invalid(field, "it is out of range: a time is within the years 1 to 9999");
    if !SECONDS.contains(&at.seconds) || !(0..1_000_000_000).contains(&at.nanos) {
        return Err(out_of_range());
    }
    let micros = at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000;
    Timestamp::from_microsecond(micros).map_err(|_| out_of_range())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_the_wire() {
        for reason in Reason::ALL {
            assert_eq!(reason_of_wire(reason_to_wire(Some(*reason))), Some(*reason));
        }
        assert_eq!((reason_to_wire(None), reason_of_wire(0)), (0, None));
    }

    #[test]
    fn times_survive_the_wire_to_the_microsecond() {
        for text in ["2026-06-01T00:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(from_wire("at", to_wire(at)).unwrap(), at);
        }
        for (seconds, nanos) in [
            (i64::MAX, 0),
            (i64::MIN, 0),
            (253_402_300_800, 0),
            (-62_135_596_801, 0),
            (0, -1),
            (0, 1_000_000_000),
        ] {
            assert!(from_wire("at", WireTimestamp { seconds, nanos }).is_err(), "{seconds} {nanos}");
        }
    }
}
