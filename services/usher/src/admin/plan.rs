//! `usher admin plan`

use clap::{ArgAction, Subcommand};
use serde_json::Value;
use usher_proto::seats::v1::Cap;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::plan_service_client::PlanServiceClient;

use super::report::Report;
use super::session::{Session, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum PlanCommand {
    /// Create a plan.
    Create {
        /// Name of the plan.
        name: String,
        /// Include SCIM provisioning.
        #[arg(long, action = ArgAction::Set)]
        scim: bool,
        /// Permit only people of approved domains to be provisioned.
        #[arg(long, action = ArgAction::Set, default_value_t = true)]
        enforce_domains: bool,
        /// Maximum number of Collaborators as a percentage of the paid seats, rounded up. If left out, no limit.
        #[arg(long)]
        collaborator_percent: Option<u16>,
        /// Lower bound of the maximum number of Collaborators.
        #[arg(long, default_value_t = 20, requires = "collaborator_percent")]
        collaborators_at_least: u32,
    },
    /// List all plans.
    List,
}

const COLUMNS: [&str; 6] =
    ["name", "id", "scim", "domains_enforced", "collaborator_percent", "collaborators_at_least"];

impl PlanCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = PlanServiceClient::new(session.tenant.clone());
        match self {
            Self::Create { name, scim, enforce_domains, collaborator_percent, collaborators_at_least } => {
                let collaborator_cap = collaborator_percent
                    .map(|percent| Cap { at_least: collaborators_at_least.into(), percent: percent.into() });
                let plan = pb::Plan { id: String::new(), name, scim, enforce_domains, collaborator_cap };
                let message = pb::CreatePlanRequest { plan: Some(plan) };
                let answer = client.create_plan(session.request(message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().plan.unwrap_or_default())))
            }
            Self::List => {
                let answer = client
                    .list_plans(session.request(pb::ListPlansRequest {}))
                    .await
                    .map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().plans.into_iter().map(row)))
            }
        }
    }
}

fn row(plan: pb::Plan) -> Vec<Value> {
    vec![
        Value::from(plan.name),
        Value::from(plan.id),
        Value::from(plan.scim),
        Value::from(plan.enforce_domains),
        Value::from(plan.collaborator_cap.map(|cap| cap.percent)),
        Value::from(plan.collaborator_cap.map(|cap| cap.at_least)),
    ]
}
