//! Values of options that are read alike everywhere, and what is said of those that can't be.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// A date.
pub(super) fn date(text: &str) -> Result<Date, &'static str> {
    text.parse().map_err(|_| "write it as a date such as 2026-06-01")
}

/// A time.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "write it as a time such as 2026-06-01T09:30:00Z")
}

/// An id.
pub(super) fn id(text: &str) -> Result<Uuid, &'static str> {
    text.parse().map_err(|_| "write it as a UUID such as 0198f2a4-7c1e-7d3b-9a60-5b8f6c1d2e3f")
}
