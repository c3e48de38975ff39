//! `usher admin usage`

use clap::Args;
use serde_json::json;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::usage_service_client::UsageServiceClient;
use usher_rpc::{WireEnum as _, enum_name};
use usher_seats::{Granularity, SeatClass};

use super::report::Report;
use super::session::{Session, WorkspaceArg, status_error};
use super::statement::PeriodArgs;

/// `usher admin usage`
#[derive(Debug, Args)]
pub(super) struct UsageArgs {
    #[command(flatten)]
    of: WorkspaceArg,
    #[command(flatten)]
    period: PeriodArgs,
    /// The dates over which usage is summed.
    #[arg(long, value_enum, default_value_t)]
    by: Granularity,
}

const COLUMNS: [&str; 10] = [
    "date",
    "class",
    "opening",
    "started",
    "stopped",
    "changed_in",
    "changed_out",
    "closing",
    "peak",
    "seat_days",
];

impl UsageArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let workspace = session.workspace(&self.of).await?;
        let (start, end) = self.period.dates()?;
        let message = pb::GetUsageRequest {
            start_date: start.to_string(),
            end_date: end.to_string(),
            known_time: self.period.known_time(),
            granularity: self.by.to_wire(),
        };
        let mut client = UsageServiceClient::new(session.billing.clone());
        let answer =
            client.get_usage(session.scoped(workspace, message)).await.map_err(status_error)?.into_inner();
        let rows = answer.usage.into_iter().map(|usage| {
            let numbers = [
                usage.opening,
                usage.started,
                usage.stopped,
                usage.changed_in,
                usage.changed_out,
                usage.closing,
                usage.peak,
                usage.seat_days,
            ];
            let head = [json!(usage.date), json!(enum_name::<SeatClass>(usage.class))];
            head.into_iter().chain(numbers.map(|number| json!(number))).collect()
        });
        Ok(Report::list(&COLUMNS, rows)
            .note(format!("days of {}, as of seat event {}", answer.time_zone, answer.sequence)))
    }
}
