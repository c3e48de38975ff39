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
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum CommitmentCommand {
    /// Record what is bought for a term. It is never changed; a renewal is a commitment of its own, and one
    /// that has billed nothing can be withdrawn.
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// What is bought.
        #[arg(long, value_enum)]
        pool: Pool,
        /// How many seats.
        #[arg(long)]
        quantity: u32,
        /// Price of a seat for a whole period, such as 12.00; what is used beyond costs it as well.
        #[arg(long)]
        unit_price: String,
        /// The term's first local date.
        #[arg(long, value_parser = argument::date)]
        start: Date,
        /// The date after its last.
        #[arg(long, value_parser = argument::date)]
        end: Date,
    },
    /// Take back a commitment of which no true-up was billed.
    Withdraw {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The commitment's id, as `commitment list` shows it.
        #[arg(long, value_parser = argument::id)]
        id: Uuid,
    },
    /// List what is bought, by pool and term.
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
                let answer = client.set_commitment(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(answer.into_inner().commitment.unwrap_or_default())))
            }
            Self::Withdraw { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::WithdrawCommitmentRequest { id: id.to_string() };
                let answer =
                    client.withdraw_commitment(session.scoped(workspace, message)).await.map_err(told)?;
                let withdrawn = row(answer.into_inner().commitment.unwrap_or_default());
                Ok(Report::one(&COLUMNS, withdrawn).note("withdrawn"))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListCommitmentsRequest {};
                let answer =
                    client.list_commitments(session.scoped(workspace, message)).await.map_err(told)?;
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
