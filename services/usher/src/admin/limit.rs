//! `usher admin limit`

use clap::Subcommand;
use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::seats::v1::Cap;
use usher_rpc::{WireEnum as _, enum_name};
use usher_seats::{AtLimit, LimitSource, Pool};

use super::report::{Report, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum LimitCommand {
    /// Show the limits in force.
    Show {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// List the alerts: usage of a pool reached 80, 90 or 100 % of its limit.
    Alerts {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Set the maximum number of seats of a pool, and what happens at the limit. It replaces the limit of the
    /// workspace's plan. Nobody loses a seat.
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Pool of seats to limit.
        #[arg(long, value_enum)]
        pool: Pool,
        /// Maximum number of seats. Without it and --percent, unlimited.
        #[arg(long)]
        quantity: Option<i64>,
        /// Maximum number of seats as a percentage of the paid seats, rounded up. Paid seats are the committed seats,
        /// or else the paid limit. Only for the pool collaborator.
        #[arg(long, conflicts_with = "quantity")]
        percent: Option<i64>,
        /// Lower bound of --percent.
        #[arg(long, default_value_t = 20, requires = "percent")]
        at_least: i64,
        /// Policy at the limit.
        #[arg(long, value_enum)]
        policy: AtLimit,
    },
    /// Return to the limit of the workspace's plan.
    Clear {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Pool of seats whose limit is cleared.
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
                Ok(Report::list(&COLUMNS, answer.map_err(status_error)?.into_inner().limits.iter().map(row)))
            }
            Self::Alerts { of } => {
                let workspace = session.workspace(&of).await?;
                let mut client = LimitServiceClient::new(session.billing.clone());
                let answer = client.get_limits(session.scoped(workspace, pb::GetLimitsRequest {})).await;
                Ok(Report::list(&ALERTS, answer.map_err(status_error)?.into_inner().alerts.iter().map(alert)))
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
                let answer =
                    client.set_limit(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(&answer.into_inner().limit.unwrap_or_default())))
            }
            Self::Clear { of, pool } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ClearLimitRequest { pool: pool.to_wire() };
                let mut client = LimitServiceClient::new(session.billing.clone());
                let answer =
                    client.clear_limit(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(&answer.into_inner().limit.unwrap_or_default())))
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
