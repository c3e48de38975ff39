//! `usher admin limit`

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::billing_admin_client::BillingAdminClient;
use usher_proto::billing::v1::seat_query_client::SeatQueryClient;

use super::report::Report;
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum LimitCommand {
    /// Show the limits that hold.
    Show {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Set how many seats a pool may have, and what happens beyond. Nobody loses a seat by it.
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// What is limited.
        #[arg(long, value_enum)]
        pool: Pool,
        /// The most seats; without it, unlimited.
        #[arg(long)]
        quantity: Option<i64>,
        /// What happens beyond.
        #[arg(long, value_enum)]
        policy: Policy,
        /// Seats that are bought, for true-ups.
        #[arg(long, default_value_t = 0)]
        committed: i64,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Pool {
    /// Regular and External.
    Paid,
    /// Collaborator.
    Collaborator,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Policy {
    /// Seats are given and metered; alerts are raised.
    Allow,
    /// Seats are given; the peak over the commitment is trued up.
    AllowTrueUp,
    /// Whoever comes becomes a Collaborator, for free.
    Degrade,
    /// Seats are refused.
    Block,
}

const COLUMNS: [&str; 5] = ["pool", "quantity", "policy", "committed", "version"];

impl LimitCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        match self {
            Self::Show { of } => {
                let workspace = session.workspace(&of).await?;
                let mut client = SeatQueryClient::new(session.billing.clone());
                let answer = client.get_limits(session.scoped(workspace, pb::GetLimitsRequest {})).await;
                Ok(Report::list(&COLUMNS, answer.map_err(told)?.into_inner().limits.iter().map(row)))
            }
            Self::Set { of, pool, quantity, policy, committed } => {
                let workspace = session.workspace(&of).await?;
                let pool = match pool {
                    Pool::Paid => "paid",
                    Pool::Collaborator => "collaborator",
                };
                let policy = match policy {
                    Policy::Allow => "ALLOW",
                    Policy::AllowTrueUp => "ALLOW_TRUE_UP",
                    Policy::Degrade => "DEGRADE",
                    Policy::Block => "BLOCK",
                };
                let (pool, policy) = (pool.to_owned(), policy.to_owned());
                let limit = pb::Limit { pool, quantity, policy, committed, version: 0 };
                let message = pb::SetLimitRequest { limit: Some(limit) };
                let mut client = BillingAdminClient::new(session.billing.clone());
                let answer = client.set_limit(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(&answer.into_inner().limit.unwrap_or_default())))
            }
        }
    }
}

fn row(limit: &pb::Limit) -> Vec<Value> {
    vec![
        json!(limit.pool),
        json!(limit.quantity),
        json!(limit.policy),
        json!(limit.committed),
        json!(limit.version),
    ]
}
