//! `usher admin period credit`

use clap::Args;
use jiff::civil::Date;
use serde_json::json;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::credit_note_service_client::CreditNoteServiceClient;
use uuid::Uuid;

use super::super::argument;
use super::super::report::{Report, time};
use super::super::session::{Session, WorkspaceArg, status_error};
use super::preview::pair;

/// `usher admin period credit`
#[derive(Debug, Args)]
pub(in crate::admin) struct CreditArgs {
    #[command(flatten)]
    of: WorkspaceArg,
    /// First local date of the closed period, such as 2026-06-01.
    #[arg(long, value_parser = argument::date)]
    start: Date,
    /// A line of its invoice and the credited amount, in minor units: 1=400. Can be repeated.
    #[arg(long, required = true, value_name = "LINE=AMOUNT", value_parser = pair::<i32, i64>)]
    line: Vec<(i32, i64)>,
    /// Reason, which is stored with the note.
    #[arg(long)]
    reason: String,
    /// Id of the credit note. Repeating an id has no further effect. If left out, a new id is generated.
    #[arg(long, value_parser = argument::id)]
    id: Option<Uuid>,
}

const COLUMNS: [&str; 6] = ["id", "amount_minor", "booked_in", "reason", "author", "time"];

impl CreditArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let workspace = session.workspace(&self.of).await?;
        let lines = self.line.into_iter();
        let lines = lines.map(|(line_no, amount_minor)| pb::CreditNoteLine {
            line_no,
            amount_minor,
            ..Default::default()
        });
        let message = pb::IssueCreditNoteRequest {
            id: self.id.unwrap_or_else(Uuid::new_v4).to_string(),
            start_date: self.start.to_string(),
            lines: lines.collect(),
            reason: self.reason,
        };
        let mut client = CreditNoteServiceClient::new(session.billing.clone());
        let answer =
            client.issue_credit_note(session.scoped(workspace, message)).await.map_err(status_error)?;
        let note = answer.into_inner().credit_note.unwrap_or_default();
        let row = vec![
            json!(note.id),
            json!(note.amount_minor),
            json!(note.booked_period),
            json!(note.reason),
            json!(note.author),
            time(note.issue_time),
        ];
        Ok(Report::single(&COLUMNS, row))
    }
}
