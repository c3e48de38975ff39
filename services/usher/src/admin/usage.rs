//! `usher admin usage`

use clap::Args;
use serde_json::json;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_query_client::SeatQueryClient;

use super::report::Report;
use super::session::{Session, WorkspaceArg, told};
use super::statement::PeriodArgs;

/// `usher admin usage`
#[derive(Debug, Args)]
pub(super) struct UsageArgs {
    #[command(flatten)]
    of: WorkspaceArg,
    #[command(flatten)]
    period: PeriodArgs,
}

impl UsageArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let workspace = session.workspace(&self.of).await?;
        let (start, end) = self.period.dates()?;
        let message = pb::GetUsageRequest {
            start_date: start.to_string(),
            end_date: end.to_string(),
            known_time: self.period.known_time(),
        };
        let mut client = SeatQueryClient::new(session.billing.clone());
        let answer = client.get_usage(session.scoped(workspace, message)).await.map_err(told)?.into_inner();
        let rows = answer.days.into_iter().map(|day| {
            vec![json!(day.date), json!(day.class), json!(day.seat_days), json!(day.closing), json!(day.peak)]
        });
        Ok(Report::list(&["date", "class", "seat_days", "closing", "peak"], rows)
            .note(format!("days of {}, as of seat event {}", answer.time_zone, answer.sequence)))
    }
}
