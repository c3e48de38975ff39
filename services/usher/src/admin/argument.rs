//! Parsers for option values that are used everywhere, and their error messages.

use anyhow::Context as _;
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

/// Bytes as hexadecimal digits.
pub(super) fn bytes(text: &str) -> anyhow::Result<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
    let digits =
        digits.filter(|digits| digits.len() % 2 == 0).context("write bytes as hexadecimal digits")?;
    Ok(digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect())
}
