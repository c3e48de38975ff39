//! `usher admin period`

mod credit;
mod preview;

use std::fmt::Write as _;

use clap::Subcommand;
use jiff::civil::Date;
use serde_json::{Value, json};
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::forecast_service_client::ForecastServiceClient;
use usher_proto::billing::v1::invoice_service_client::InvoiceServiceClient;
use usher_proto::billing::v1::period_service_client::PeriodServiceClient;
use usher_proto::billing::v1::scheduled_change::About;
use usher_rpc::enum_name;
use usher_seats::{CountingMode, LineKind, PeriodState, Pool, ScheduledChangeKind, SeatClass};

use super::argument;
use super::report::{Report, hex, text};
use super::session::{Session, WorkspaceArg, status_error};
use super::statement::major;

#[derive(Debug, Subcommand)]
pub(super) enum PeriodCommand {
    /// List the closed periods and the open one.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Show the invoice of a closed period, or a preview for an open one, which says why it is not final.
    Invoice(PeriodArg),
    /// Close the first open period permanently, or list what prevents it.
    Close(PeriodArg),
    /// Show what a current or future period is expected to cost when it ends, if nobody is added or removed. Nothing
    /// is billed.
    Forecast(PeriodArg),
    /// Show what a period would cost with other prices or counts.
    Preview(Box<preview::PreviewArgs>),
    /// Credit an amount that was billed in a closed period. The open period books it.
    Credit(credit::CreditArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct PeriodArg {
    #[command(flatten)]
    of: WorkspaceArg,
    /// First local date of the period, such as 2026-06-01.
    #[arg(long, value_parser = argument::date)]
    start: Date,
}

const PERIODS: [&str; 8] = ["start", "end", "state", "total", "carried", "credited", "currency", "snapshot"];
const LINES: [&str; 9] =
    ["line", "kind", "class", "about", "mode", "seat_days", "exact_minor", "amount", "currency"];

const FORECAST: [&str; 13] = [
    "document",
    "start",
    "end",
    "time_zone",
    "state",
    "accrued",
    "remainder",
    "floor",
    "other",
    "expected",
    "currency",
    "scheduled",
    "basis",
];

impl PeriodCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        match self {
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListPeriodsRequest {};
                let mut client = PeriodServiceClient::new(session.billing.clone());
                let answer =
                    client.list_periods(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::list(&PERIODS, answer.into_inner().periods.into_iter().map(summary)))
            }
            Self::Invoice(PeriodArg { of, start }) => {
                let workspace = session.workspace(&of).await?;
                show(session, workspace, start).await
            }
            Self::Close(PeriodArg { of, start }) => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ClosePeriodRequest { start_date: start.to_string(), expected_sequence: 0 };
                let mut client = PeriodServiceClient::new(session.billing.clone());
                client.close_period(session.scoped(workspace, message)).await.map_err(status_error)?;
                show(session, workspace, start).await
            }
            Self::Preview(args) => args.run(session).await,
            Self::Credit(args) => args.run(session).await,
            Self::Forecast(PeriodArg { of, start }) => {
                let workspace = session.workspace(&of).await?;
                let message = pb::GetForecastRequest { start_date: start.to_string(), known_time: None };
                let mut client = ForecastServiceClient::new(session.billing.clone());
                let answer =
                    client.get_forecast(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(forecast(answer.into_inner()))
            }
        }
    }
}

/// Returns the period's invoice.
async fn show(session: &Session, workspace: WorkspaceId, start: Date) -> anyhow::Result<Report> {
    let message = pb::GetInvoiceRequest { start_date: start.to_string(), known_time: None };
    let mut client = InvoiceServiceClient::new(session.billing.clone());
    let answer = client.get_invoice(session.scoped(workspace, message)).await.map_err(status_error)?;
    Ok(invoice(answer.into_inner().invoice.unwrap_or_default()))
}

fn forecast(forecast: pb::GetForecastResponse) -> Report {
    let amounts = [
        forecast.accrued_minor,
        forecast.remainder_minor,
        forecast.floor_minor,
        forecast.other_minor,
        forecast.expected_minor,
    ];
    let scheduled = forecast.scheduled_changes.into_iter().map(|change| {
        let kind = enum_name::<ScheduledChangeKind>(change.kind);
        let about = match change.about {
            Some(About::Class(class)) => enum_name::<SeatClass>(class),
            Some(About::Pool(pool)) => enum_name::<Pool>(pool),
            None => String::new(),
        };
        json!(format!("{} {kind} of {about}: {}", change.date, change.detail))
    });
    let amounts = amounts.into_iter().map(|minor| json!(major(minor, forecast.exponent)));
    let rest = [json!(forecast.currency), scheduled.collect(), json!(forecast.basis)];
    let head = [
        json!("forecast"),
        json!(forecast.start_date),
        json!(forecast.end_date),
        json!(forecast.time_zone),
        json!("EXPECTED"),
    ];
    Report::single(&FORECAST, head.into_iter().chain(amounts).chain(rest).collect())
}

fn summary(summary: pb::PeriodSummary) -> Vec<Value> {
    let period = summary.period.unwrap_or_default();
    let closed = period.state() == pb::PeriodState::Closed;
    let amount = |minor: i64| if closed { json!(major(minor, summary.exponent)) } else { Value::Null };
    vec![
        json!(period.start_date),
        json!(period.end_date),
        json!(enum_name::<PeriodState>(period.state)),
        amount(summary.total_minor),
        amount(summary.credit_minor),
        amount(summary.credited_minor),
        json!(summary.currency),
        json!(hex(&summary.snapshot_hash)),
    ]
}

fn invoice(invoice: pb::Invoice) -> Report {
    let exponent = invoice.exponent;
    let rows = invoice.lines.into_iter().map(|line| {
        vec![
            json!(line.line_no),
            json!(enum_name::<LineKind>(line.kind)),
            json!(enum_name::<SeatClass>(line.class)),
            json!(line.origin_period),
            json!(enum_name::<CountingMode>(line.mode)),
            json!(line.seat_days),
            json!(line.exact),
            json!(major(line.amount_minor, line.exponent)),
            json!(line.currency),
        ]
    });
    let period = invoice.period.unwrap_or_default();
    let document = if invoice.provisional { "preview of an invoice" } else { "invoice" };
    let others = invoice.other_currencies.iter().map(|other| {
        json!({
            "currency": other.currency, "total": major(other.total_minor, other.exponent),
            "credit": major(other.credit_minor, other.exponent),
        })
    });
    let summary = [
        ("document", json!(document)),
        ("start", json!(period.start_date)),
        ("end", json!(period.end_date)),
        ("time_zone", json!(period.time_zone)),
        ("state", json!(enum_name::<PeriodState>(period.state))),
        ("total", json!(major(invoice.total_minor, exponent))),
        ("credit", json!(major(invoice.credit_minor, exponent))),
        ("credited", json!(major(invoice.credited_minor, exponent))),
        ("currency", json!(invoice.currency)),
        ("other_currencies", others.collect()),
        ("incomplete_reasons", json!(invoice.incomplete_reasons)),
        ("sequence", json!(invoice.sequence)),
        ("snapshot", text(hex(&invoice.snapshot_hash))),
    ];
    let mut note = format!(
        "{document} of {} to {} ({}), {}: {} {}, credit {}, as of fact {}",
        period.start_date,
        period.end_date,
        period.time_zone,
        enum_name::<PeriodState>(period.state),
        major(invoice.total_minor, exponent),
        invoice.currency,
        major(invoice.credit_minor, exponent),
        invoice.sequence
    );
    for other in invoice.other_currencies {
        let (total, credit) =
            (major(other.total_minor, other.exponent), major(other.credit_minor, other.exponent));
        let _ = write!(note, "\nin {}: {total}, credit {credit}", other.currency);
    }
    for reason in invoice.incomplete_reasons {
        note.push_str("\nprovisional: ");
        note.push_str(&reason);
    }
    for credited in invoice.credit_notes {
        let amount = major(credited.amount_minor, credited.exponent);
        let _ = write!(
            note,
            "\ncredit note {}: {amount} {}, booked in {}: {}",
            credited.id, credited.currency, credited.booked_period, credited.reason
        );
    }
    if !invoice.snapshot_hash.is_empty() {
        note.push_str("\nsnapshot ");
        note.push_str(&hex(&invoice.snapshot_hash));
    }
    Report::list(&LINES, rows).note(note).summary("lines", summary)
}
