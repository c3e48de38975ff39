//! `usher admin correction`

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::correction_service_client::CorrectionServiceClient;
use usher_rpc::convert::to_wire;
use usher_rpc::{enum_name, optional_to_wire};
use usher_seats::SeatClass;
use uuid::Uuid;

use super::argument;
use super::report::{Report, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum CorrectionCommand {
    /// Request a correction of a person's past seat. Another operator must approve it; in `usher dev` this is
    /// `--operator approver`.
    Record {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Key of the person, as reports show it.
        #[arg(long, value_parser = argument::id)]
        person: Uuid,
        /// Start of the correction, such as 2026-06-20T12:00:00Z.
        #[arg(long, value_parser = argument::time)]
        from: Timestamp,
        /// End of the correction (exclusive).
        #[arg(long, value_parser = argument::time)]
        until: Timestamp,
        /// The class to assume. If left out, the person was not billable.
        #[arg(long, value_enum)]
        class: Option<SeatClass>,
        /// Reason, which is stored in the ledger.
        #[arg(long)]
        reason: String,
    },
    /// Approve a correction that another operator recorded.
    Approve {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the correction.
        #[arg(long, value_parser = argument::id)]
        id: Uuid,
    },
    /// List the corrections that wait for approval.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Record that two person keys belong to one person.
    Link {
        #[command(flatten)]
        of: WorkspaceArg,
        /// A person key, as reports show it.
        #[arg(long, value_parser = argument::id)]
        person: Uuid,
        /// The other person key, as reports show it.
        #[arg(long, value_parser = argument::id)]
        other: Uuid,
        /// Reason, which is stored in the ledger.
        #[arg(long)]
        reason: String,
    },
}

const COLUMNS: [&str; 7] = ["id", "person_key", "from", "until", "class", "reason", "author"];

impl CorrectionCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = CorrectionServiceClient::new(session.billing.clone());
        match self {
            Self::Record { of, person, from, until, class, reason } => {
                let workspace = session.workspace(&of).await?;
                let correction = pb::Correction {
                    // Generated here, so that a retry after a lost answer is the same correction.
                    id: Uuid::new_v4().to_string(),
                    person_key: person.to_string(),
                    from_time: Some(to_wire(from)),
                    until_time: Some(to_wire(until)),
                    class: optional_to_wire(class),
                    reason,
                    ..Default::default()
                };
                let message = pb::RecordCorrectionRequest { correction: Some(correction) };
                let answer = client
                    .record_correction(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(&answer.into_inner().correction.unwrap_or_default())))
            }
            Self::Approve { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ApproveCorrectionRequest { id: id.to_string() };
                let answer = client
                    .approve_correction(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::done(format!(
                    "approved; it is fact {} of the ledger",
                    answer.into_inner().sequence
                )))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListCorrectionsRequest {};
                let answer = client
                    .list_corrections(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().corrections.iter().map(row)))
            }
            Self::Link { of, person, other, reason } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::LinkPersonsRequest {
                    person_key: person.to_string(),
                    other_person_key: other.to_string(),
                    reason,
                };
                let answer =
                    client.link_persons(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done(format!("linked; it is fact {} of the ledger", answer.into_inner().sequence)))
            }
        }
    }
}

fn row(correction: &pb::Correction) -> Vec<Value> {
    vec![
        json!(correction.id),
        json!(correction.person_key),
        time(correction.from_time),
        time(correction.until_time),
        json!(enum_name::<SeatClass>(correction.class)),
        json!(correction.reason),
        json!(correction.author),
    ]
}
