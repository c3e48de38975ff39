//! `usher admin workspace`

use std::time::Duration;

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::{WireEnum as _, enum_name, optional_to_wire};
use usher_seats::AtLimit;

use super::report::{Report, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum WorkspaceCommand {
    /// Create a workspace.
    Create {
        /// Name in URLs: 2 to 40 of a-z, 0-9 and -, beginning with a letter. It can't be changed.
        slug: String,
        /// Display name.
        #[arg(long)]
        name: Option<String>,
        /// Name or id of the plan.
        #[arg(long)]
        plan: String,
        /// What happens at the seat limit.
        #[arg(long, value_enum, default_value_t = AtLimit::Allow)]
        seat_policy: AtLimit,
        /// Most Regular and External people together, unless `usher admin limit` sets another one. Without
        /// it there is no limit.
        #[arg(long)]
        seat_limit: Option<u32>,
    },
    /// Show one workspace.
    Show {
        /// Slug or id.
        workspace: String,
    },
    /// List all workspaces.
    List,
    /// Change a workspace; options that are left out keep their values.
    Update {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Display name.
        #[arg(long)]
        name: Option<String>,
        /// Name or id of the plan.
        #[arg(long)]
        plan: Option<String>,
        /// Suspended workspaces answer SCIM requests with 403.
        #[arg(long, value_enum)]
        status: Option<WorkspaceStatus>,
        /// What happens at the seat limit.
        #[arg(long, value_enum)]
        seat_policy: Option<AtLimit>,
        /// Most Regular and External people together, or `none`; `usher admin limit` goes before it.
        #[arg(long, value_parser = seat_limit)]
        seat_limit: Option<i64>,
    },
    /// End a workspace: SCIM is refused, all its users are deleted, and every seat ends. The current period continues
    /// to its end and is closed as usual. If the command is interrupted, run it again.
    Delete {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Slug of the workspace again, because this can't be undone.
        #[arg(long)]
        confirm: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum WorkspaceStatus {
    /// Open.
    Active,
    /// Closed to SCIM.
    Suspended,
}

const COLUMNS: [&str; 10] = [
    "slug",
    "id",
    "name",
    "plan",
    "scim",
    "domains_enforced",
    "status",
    "seat_policy",
    "seat_limit",
    "created",
];

impl WorkspaceCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = WorkspaceServiceClient::new(session.tenant.clone());
        match self {
            Self::Create { slug, name, plan, seat_policy, seat_limit } => {
                let message = pb::CreateWorkspaceRequest {
                    name: name.unwrap_or_else(|| slug.clone()),
                    slug,
                    plan,
                    at_limit: seat_policy.to_wire(),
                    seat_limit: seat_limit.map(i64::from),
                };
                let answer = client.create_workspace(session.request(message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().workspace.unwrap_or_default())))
            }
            Self::Show { workspace } => {
                Ok(Report::single(&COLUMNS, row(session.find_workspace(&workspace).await?)))
            }
            Self::List => list(session, client).await,
            Self::Update { of, name, plan, status, seat_policy, seat_limit } => {
                let message = pb::UpdateWorkspaceRequest {
                    name,
                    plan,
                    status: match status {
                        None => pb::WorkspaceStatus::Unspecified,
                        Some(WorkspaceStatus::Active) => pb::WorkspaceStatus::Active,
                        Some(WorkspaceStatus::Suspended) => pb::WorkspaceStatus::Suspended,
                    }
                    .into(),
                    at_limit: optional_to_wire(seat_policy),
                    seat_limit,
                };
                let workspace = session.workspace(&of).await?;
                let answer = client
                    .update_workspace(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().workspace.unwrap_or_default())))
            }
            Self::Delete { of, confirm } => delete(session, client, &of, &confirm).await,
        }
    }
}

/// Gateways discard their cached tokens within a second of a suspension.
const SUSPENDED_WITHIN: Duration = Duration::from_secs(2);

async fn delete(
    session: &Session,
    mut client: WorkspaceServiceClient<tonic::transport::Channel>,
    of: &WorkspaceArg,
    confirm: &str,
) -> anyhow::Result<Report> {
    let workspace = session.find_workspace(&of.workspace).await?;
    if workspace.slug != confirm {
        bail!("--confirm {confirm} is not the slug of the workspace, which is {}", workspace.slug);
    }
    let id = workspace.id.parse()?;
    let message =
        pb::UpdateWorkspaceRequest { status: pb::WorkspaceStatus::Suspended.into(), ..Default::default() };
    client.update_workspace(session.scoped(id, message)).await.map_err(status_error)?;
    tokio::time::sleep(SUSPENDED_WITHIN).await;
    let mut users = UserServiceClient::new(session.identity.clone());
    let mut deleted = 0;
    loop {
        let answer = users.erase_users(session.scoped(id, identity::EraseUsersRequest {})).await;
        let identity::EraseUsersResponse { erased, more } = answer.map_err(status_error)?.into_inner();
        deleted += erased;
        if !more {
            let slug = workspace.slug;
            return Ok(Report::done(format!(
                "{slug} is suspended and {deleted} people are deleted; no seat is open"
            )));
        }
    }
}

async fn list(
    session: &Session,
    mut client: WorkspaceServiceClient<tonic::transport::Channel>,
) -> anyhow::Result<Report> {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListWorkspacesRequest { page_size: 1_000, page_token };
        let page = client.list_workspaces(session.request(message)).await.map_err(status_error)?.into_inner();
        rows.extend(page.workspaces.into_iter().map(row));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(Report::list(&COLUMNS, rows));
        }
    }
}

fn row(workspace: pb::Workspace) -> Vec<Value> {
    let status = match workspace.status() {
        pb::WorkspaceStatus::Suspended => "suspended",
        pb::WorkspaceStatus::Active | pb::WorkspaceStatus::Unspecified => "active",
    };
    // As --seat-policy takes it.
    let seat_policy = enum_name::<AtLimit>(workspace.at_limit).to_lowercase().replace('_', "-");
    let plan = workspace.plan.unwrap_or_default();
    vec![
        Value::from(workspace.slug),
        Value::from(workspace.id),
        Value::from(workspace.name),
        Value::from(plan.name),
        Value::from(plan.scim),
        Value::from(plan.enforce_domains),
        json!(status),
        json!(seat_policy),
        Value::from(workspace.seat_limit),
        time(workspace.create_time),
    ]
}

/// Parses a limit. `none` becomes −1, which removes it.
fn seat_limit(text: &str) -> Result<i64, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(-1);
    }
    text.parse::<u32>().map(i64::from).map_err(|_| "a number of seats, or none".to_owned())
}
