//! `usher admin admin`: admins of a workspace.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_client::AdminServiceClient;

use super::report::{Report, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum WorkspaceAdminCommand {
    /// Create an admin. Asks for the password, or reads it from standard input.
    Create {
        #[command(flatten)]
        of: WorkspaceArg,
        /// E-mail address.
        email: String,
        /// Give the permission to create apps and tokens: "Configure advanced security settings".
        #[arg(long)]
        security_settings: bool,
    },
    /// List the admins.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Give or remove the permission "Configure advanced security settings".
    Update {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the admin.
        id: String,
        /// Whether the admin may create apps and tokens.
        #[arg(long, action = clap::ArgAction::Set)]
        security_settings: bool,
    },
    /// Delete an admin and end their sessions. The last admin who may create apps and tokens can't be deleted.
    Delete {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the admin.
        id: String,
    },
    /// Set an admin's password, end their sessions, and unlock them after wrong passwords. Asks for the password, or
    /// reads it from standard input.
    SetPassword {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the admin.
        id: String,
    },
    /// End an admin's sessions. After 30 seconds no service accepts them.
    EndSessions {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the admin.
        id: String,
    },
}

const COLUMNS: [&str; 4] = ["email", "id", "permissions", "created"];

impl WorkspaceAdminCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = AdminServiceClient::new(session.tenant.clone());
        match self {
            Self::Create { of, email, security_settings } => {
                let workspace = session.workspace(&of).await?;
                let permissions = permissions(security_settings);
                let message = pb::CreateAdminRequest {
                    email,
                    password: password()?,
                    permissions,
                    ..Default::default()
                };
                let answer =
                    client.create_admin(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().admin.unwrap_or_default())))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListAdminsRequest {};
                let answer =
                    client.list_admins(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().admins.into_iter().map(row)))
            }
            Self::Update { of, id, security_settings } => {
                let workspace = session.workspace(&of).await?;
                let permissions = permissions(security_settings);
                let message = pb::UpdateAdminRequest { id, permissions, ..Default::default() };
                let answer =
                    client.update_admin(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().admin.unwrap_or_default())))
            }
            Self::Delete { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::DeleteAdminRequest { id, ..Default::default() };
                client.delete_admin(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done("the admin is deleted and their sessions have ended"))
            }
            Self::SetPassword { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::SetPasswordRequest { id, password: password()?, ..Default::default() };
                client.set_password(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done("the password is set and the admin's sessions have ended"))
            }
            Self::EndSessions { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::EndSessionsRequest { id, ..Default::default() };
                client.end_sessions(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done("the admin's sessions have ended; no service accepts them after 30 s"))
            }
        }
    }
}

fn permissions(security_settings: bool) -> Vec<i32> {
    let permission = pb::AdminPermission::ConfigureAdvancedSecuritySettings.into();
    if security_settings { vec![permission] } else { Vec::new() }
}

fn row(admin: pb::Admin) -> Vec<Value> {
    let permissions: Vec<&str> = admin
        .permissions()
        .map(|permission| match permission {
            pb::AdminPermission::ConfigureAdvancedSecuritySettings => "configure advanced security settings",
            pb::AdminPermission::Unspecified => "unknown",
        })
        .collect();
    let permissions = json!(permissions);
    vec![Value::from(admin.email), Value::from(admin.id), permissions, time(admin.create_time)]
}

/// Asks for a new password twice. Without a terminal, reads the first line of standard input.
fn password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password (12 to 256 characters): ")?;
        if rpassword::prompt_password("Again: ")? != first {
            bail!("the two passwords differ; nothing was done");
        }
        return Ok(first);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("can't read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
