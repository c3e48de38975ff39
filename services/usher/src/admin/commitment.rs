//! `usher admin commitment`

use clap::Subcommand;
use jiff::civil::Date;
use serde_json::Value;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::commitment_service_client::CommitmentServiceClient;
use usher_rpc::{WireEnum as _, enum_name};
use usher_seats::Pool;
use uuid::Uuid;

use super::argument;
use super::report::Report;
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum CommitmentCommand {
    /// Record a commitment. It can't be changed; a renewal is a new commitment. It can be withdrawn while nothing has
    /// been billed for it.
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The pool of the seats.
        #[arg(long, value_enum)]
        pool: Pool,
        /// Number of committed seats.
        #[arg(long)]
        quantity: u32,
        /// Price of a seat for a whole period, such as 12.00. Seats beyond the commitment cost the same.
        #[arg(long)]
        unit_price: String,
        /// First local date of the term.
        #[arg(long, value_parser = argument::date)]
        start: Date,
        /// The date after the last date of the term.
        #[arg(long, value_parser = argument::date)]
        end: Date,
    },
    /// Withdraw a commitment for which no true-up has been billed.
    Withdraw {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the commitment, as `commitment list` shows it.
        #[arg(long, value_parser = argument::id)]
        id: Uuid,
    },
    /// List the commitments by pool and term.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
}

const COLUMNS: [&str; 6] = ["pool", "quantity", "unit_price", "start", "end", "id"];

impl CommitmentCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = CommitmentServiceClient::new(session.billing.clone());
        match self {
            Self::Set { of, pool, quantity, unit_price, start, end } => {
                let workspace = session.workspace(&of).await?;
                let commitment = pb::Commitment {
                    id: String::new(),
                    pool: pool.to_wire(),
                    quantity: quantity.into(),
                    unit_price,
                    start_date: start.to_string(),
                    end_date: end.to_string(),
                };
                let message = pb::SetCommitmentRequest { commitment: Some(commitment) };
                let answer =
                    client.set_commitment(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().commitment.unwrap_or_default())))
            }
            Self::Withdraw { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::WithdrawCommitmentRequest { id: id.to_string() };
                let answer = client
                    .withdraw_commitment(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                let withdrawn = row(answer.into_inner().commitment.unwrap_or_default());
                Ok(Report::single(&COLUMNS, withdrawn).note("withdrawn"))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListCommitmentsRequest {};
                let answer = client
                    .list_commitments(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().commitments.into_iter().map(row)))
            }
        }
    }
}

fn row(commitment: pb::Commitment) -> Vec<Value> {
    vec![
        Value::from(enum_name::<Pool>(commitment.pool)),
        Value::from(commitment.quantity),
        Value::from(commitment.unit_price),
        Value::from(commitment.start_date),
        Value::from(commitment.end_date),
        Value::from(commitment.id),
    ]
}
