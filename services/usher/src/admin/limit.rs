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
    /// Set how many seats a pool may have, and what happens beyond, in the place of what the workspace's
    /// plan gives. Nobody loses a seat by it.
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// What is limited.
        #[arg(long, value_enum)]
        pool: Pool,
        /// The most seats; without it and --percent, unlimited.
        #[arg(long)]
        quantity: Option<i64>,
        /// The most seats as so many in a hundred paid licences, rounded up. Paid licences are what is
        /// committed, else the paid limit. Of the pool collaborator only.
        #[arg(long, conflicts_with = "quantity")]
        percent: Option<i64>,
        /// However few licences there are, so many seats.
        #[arg(long, default_value_t = 20, requires = "percent")]
        at_least: i64,
        /// What happens beyond.
        #[arg(long, value_enum)]
        policy: Policy,
    },
    /// Go back to what the workspace's plan gives.
    Clear {
        #[command(flatten)]
        of: WorkspaceArg,
        /// What is limited.
        #[arg(long, value_enum)]
        pool: Pool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Pool {
    /// Regular and External.
    Paid,
    /// Collaborator.
    Collaborator,
}

impl Pool {
    /// As billing calls it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Collaborator => "collaborator",
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Policy {
    /// Seats are given and metered; alerts are raised.
    Allow,
    /// Seats are given; the peak beyond the commitment is charged at the end of each of its quarters.
    AllowTrueUp,
    /// Whoever comes becomes a Collaborator, for free.
    Degrade,
    /// Seats are refused.
    Block,
}

const COLUMNS: [&str; 7] = ["pool", "quantity", "policy", "percent", "at_least", "source", "version"];

impl LimitCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        match self {
            Self::Show { of } => {
                let workspace = session.workspace(&of).await?;
                let mut client = SeatQueryClient::new(session.billing.clone());
                let answer = client.get_limits(session.scoped(workspace, pb::GetLimitsRequest {})).await;
                Ok(Report::list(&COLUMNS, answer.map_err(told)?.into_inner().limits.iter().map(row)))
            }
            Self::Set { of, pool, quantity, percent, at_least, policy } => {
                let workspace = session.workspace(&of).await?;
                let policy = match policy {
                    Policy::Allow => "ALLOW",
                    Policy::AllowTrueUp => "ALLOW_TRUE_UP",
                    Policy::Degrade => "DEGRADE",
                    Policy::Block => "BLOCK",
                };
                let limit = pb::Limit {
                    pool: pool.as_str().to_owned(),
                    quantity,
                    policy: policy.to_owned(),
                    share: percent.map(|percent| pb::Share { at_least, percent }),
                    ..Default::default()
                };
                let message = pb::SetLimitRequest { limit: Some(limit) };
                let mut client = BillingAdminClient::new(session.billing.clone());
                let answer = client.set_limit(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(&answer.into_inner().limit.unwrap_or_default())))
            }
            Self::Clear { of, pool } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ClearLimitRequest { pool: pool.as_str().to_owned() };
                let mut client = BillingAdminClient::new(session.billing.clone());
                let answer = client.clear_limit(session.scoped(workspace, message)).await.map_err(told)?;
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
        json!(limit.share.map(|share| share.percent)),
        json!(limit.share.map(|share| share.at_least)),
        json!(limit.source),
        json!(limit.version),
    ]
}
