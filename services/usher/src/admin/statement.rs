//! `usher admin statement`

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;
use usher_base::Clock;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::statement_service_client::StatementServiceClient;
use usher_rpc::convert::to_wire;
use usher_rpc::enum_name;
use usher_seats::{CountingMode, LineKind, SeatClass};

use super::argument;
use super::report::Report;
use super::session::{Session, WorkspaceArg, status_error};

/// `usher admin statement`
#[derive(Debug, Args)]
pub(super) struct StatementArgs {
    #[command(flatten)]
    of: WorkspaceArg,
    #[command(flatten)]
    period: PeriodArgs,
}

/// A range of local dates. By default the current month.
#[derive(Debug, Args)]
pub(super) struct PeriodArgs {
    /// A calendar month, such as 2026-06.
    #[arg(long, conflicts_with_all = ["start", "end"])]
    month: Option<String>,
    /// First local date of the range.
    #[arg(long, requires = "end", value_parser = argument::date)]
    start: Option<Date>,
    /// The date after the last date of the range.
    #[arg(long, requires = "start", value_parser = argument::date)]
    end: Option<Date>,
    /// Show the data as of this time, such as 2026-06-16T09:00:00Z. If left out, now.
    #[arg(long, value_parser = argument::time)]
    known_at: Option<Timestamp>,
}

impl PeriodArgs {
    /// The as-of time for a message.
    pub(super) fn known_time(&self) -> Option<prost_types::Timestamp> {
        self.known_at.map(to_wire)
    }

    /// The first date, and the date after the last.
    pub(super) fn dates(&self) -> anyhow::Result<(Date, Date)> {
        if let (Some(start), Some(end)) = (self.start, self.end) {
            if start >= end {
                bail!("--end must be after --start");
            }
            return Ok((start, end));
        }
        let first = match &self.month {
            Some(month) => format!("{month}-01").parse::<Date>().context("write --month as 2026-06")?,
            None => TimeZone::UTC.to_datetime(Clock::system().now()).date().first_of_month(),
        };
        Ok((first, first.checked_add(1.month())?))
    }
}

impl StatementArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let workspace = session.workspace(&self.of).await?;
        let (start, end) = self.period.dates()?;
        let message = pb::GetStatementRequest {
            start_date: start.to_string(),
            end_date: end.to_string(),
            known_time: self.period.known_time(),
        };
        let mut client = StatementServiceClient::new(session.billing.clone());
        let answer = client
            .get_statement(session.scoped(workspace, message))
            .await
            .map_err(status_error)?
            .into_inner();
        let exponent = answer.exponent;
        let rows = answer.lines.into_iter().map(|line| {
            vec![
                json!(enum_name::<LineKind>(line.kind)),
                json!(enum_name::<SeatClass>(line.class)),
                json!(enum_name::<CountingMode>(line.mode)),
                json!(line.seat_days),
                json!(line.exact),
                json!(major(line.amount_minor, exponent)),
            ]
        });
        let total = major(answer.total_minor, exponent);
        let note = format!(
            "statement of {start} to {end} ({}): {total} {}, calculated by seat event {}; minimums, true-ups and \
             adjustments are on invoices only (`usher admin period invoice`)",
            answer.time_zone, answer.currency, answer.sequence
        );
        let summary = [
            ("document", json!("statement")),
            ("start", json!(start)),
            ("end", json!(end)),
            ("time_zone", json!(answer.time_zone)),
            ("state", json!("CALCULATED")),
            ("total", json!(total)),
            ("currency", json!(answer.currency)),
            ("sequence", json!(answer.sequence)),
        ];
        Ok(Report::list(&LINES, rows).note(note).summary("lines", summary))
    }
}

const LINES: [&str; 6] = ["kind", "class", "mode", "seat_days", "exact_minor", "amount"];

/// Formats minor units as a decimal number of major units, exactly.
pub(super) fn major(minor: i64, exponent: i32) -> String {
    let places = usize::try_from(exponent).unwrap_or_default();
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    let sign = if minor < 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// Parses a decimal number of major units as minor units. `None` if it is not an amount of the currency.
pub(super) fn minor(text: &str, exponent: i32) -> Option<i64> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let max = usize::try_from(exponent).ok()?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = !whole.is_empty() && digits(whole) && digits(places) && places.len() <= max;
    sound.then(|| format!("{whole}{places:0<max$}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_parsed_with_the_decimal_places_of_its_currency() {
        assert_eq!(minor("12.5", 2), Some(1_250));
        assert_eq!(minor("1000", 0), Some(1_000));
        assert_eq!(minor("4.500", 3), Some(4_500));
        for (wrong, exponent) in [("1000.5", 0), ("0.001", 2), ("-1", 2), ("", 2), (".5", 2), ("1e3", 2)] {
            assert_eq!(minor(wrong, exponent), None, "{wrong}");
        }
    }

    #[test]
    fn minor_units_are_printed_exactly_in_every_exponent() {
        assert_eq!(major(1_205, 2), "12.05");
        assert_eq!(major(-5, 2), "-0.05");
        assert_eq!(major(1_205, 0), "1205");
        assert_eq!(major(7, 3), "0.007");
        assert_eq!(major(i64::MIN, 2), "-92233720368547758.08");
    }

    #[test]
    fn a_month_ends_at_the_first_day_of_the_next_month() {
        let period = PeriodArgs { month: Some("2024-12".into()), start: None, end: None, known_at: None };
        let (start, end) = period.dates().unwrap();

        assert_eq!((start.to_string().as_str(), end.to_string().as_str()), ("2024-12-01", "2025-01-01"));
        assert!(
            PeriodArgs { month: Some("June".into()), start: None, end: None, known_at: None }
                .dates()
                .is_err()
        );
    }
}
