//! `usher admin limit`

use clap::Subcommand;
use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::seats::v1::Cap;
use usher_rpc::{WireEnum as _, enum_name};
use usher_seats::{AtLimit, LimitSource, Pool};

use super::report::{Report, time};
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum LimitCommand {
    /// Show the limits that hold.
    Show {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// List the alerts that were raised: the use of a pool reached 80, 90 or 100 % of its limit.
    Alerts {
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
        policy: AtLimit,
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

const COLUMNS: [&str; 7] = ["pool", "quantity", "policy", "percent", "at_least", "source", "version"];

const ALERTS: [&str; 5] = ["time", "pool", "percent", "in_use", "limit_version"];

impl LimitCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        match self {
            Self::Show { of } => {
                let workspace = session.workspace(&of).await?;
                let mut client = LimitServiceClient::new(session.billing.clone());
                let answer = client.get_limits(session.scoped(workspace, pb::GetLimitsRequest {})).await;
                Ok(Report::list(&COLUMNS, answer.map_err(told)?.into_inner().limits.iter().map(row)))
            }
            Self::Alerts { of } => {
                let workspace = session.workspace(&of).await?;
                let mut client = LimitServiceClient::new(session.billing.clone());
                let answer = client.get_limits(session.scoped(workspace, pb::GetLimitsRequest {})).await;
                Ok(Report::list(&ALERTS, answer.map_err(told)?.into_inner().alerts.iter().map(alert)))
            }
            Self::Set { of, pool, quantity, percent, at_least, policy } => {
                let workspace = session.workspace(&of).await?;
                let limit = pb::Limit {
                    pool: pool.to_wire(),
                    quantity,
                    at_limit: policy.to_wire(),
                    cap: percent.map(|percent| Cap { at_least, percent }),
                    ..Default::default()
                };
                let message = pb::SetLimitRequest { limit: Some(limit) };
                let mut client = LimitServiceClient::new(session.billing.clone());
                let answer = client.set_limit(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(&answer.into_inner().limit.unwrap_or_default())))
            }
            Self::Clear { of, pool } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ClearLimitRequest { pool: pool.to_wire() };
                let mut client = LimitServiceClient::new(session.billing.clone());
                let answer = client.clear_limit(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(&answer.into_inner().limit.unwrap_or_default())))
            }
        }
    }
}

fn alert(alert: &pb::LimitAlert) -> Vec<Value> {
    vec![
        time(alert.time),
        json!(enum_name::<Pool>(alert.pool)),
        json!(alert.threshold),
        json!(alert.in_use),
        json!(alert.version),
    ]
}

fn row(limit: &pb::Limit) -> Vec<Value> {
    vec![
        json!(enum_name::<Pool>(limit.pool)),
        json!(limit.quantity),
        json!(enum_name::<AtLimit>(limit.at_limit)),
        json!(limit.cap.map(|cap| cap.percent)),
        json!(limit.cap.map(|cap| cap.at_least)),
        json!(enum_name::<LimitSource>(limit.source)),
        json!(limit.version),
    ]
}
