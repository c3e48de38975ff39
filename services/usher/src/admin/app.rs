//! `usher admin app`

use clap::{Subcommand, ValueEnum};
use serde_json::Value;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::app_service_client::AppServiceClient;

use super::report::{Report, text, time};
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum AppCommand {
    /// Create an app, such as "Azure AD SCIM".
    Create {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Its name, unique in the workspace.
        name: String,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// List the apps.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Set how an app's identity provider is read.
    Update {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The app's id.
        id: String,
        /// `default` tolerates what identity providers are known to send; `strict` is RFC 7644 to the letter.
        #[arg(long)]
        profile: Profile,
    },
    /// Delete an app and revoke its tokens.
    Delete {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The app's id.
        id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Profile {
    Default,
    Strict,
}

const COLUMNS: [&str; 5] = ["name", "id", "profile", "description", "created"];

impl AppCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = AppServiceClient::new(session.tenant.clone());
        match self {
            Self::Create { of, name, description } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::CreateAppRequest { name, description };
                let answer = client.create_app(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(answer.into_inner().app.unwrap_or_default())))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let answer = client
                    .list_apps(session.scoped(workspace, pb::ListAppsRequest {}))
                    .await
                    .map_err(told)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().apps.into_iter().map(row)))
            }
            Self::Update { of, id, profile } => {
                let workspace = session.workspace(&of).await?;
                let profile = match profile {
                    Profile::Default => pb::ScimProfile::Default,
                    Profile::Strict => pb::ScimProfile::Strict,
                };
                let message = pb::UpdateAppRequest { id, profile: profile.into() };
                let answer = client.update_app(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(answer.into_inner().app.unwrap_or_default())))
            }
            Self::Delete { of, id } => {
                let workspace = session.workspace(&of).await?;
                client
                    .delete_app(session.scoped(workspace, pb::DeleteAppRequest { id }))
                    .await
                    .map_err(told)?;
                Ok(Report::done("the app is deleted and its tokens are revoked"))
            }
        }
    }
}

fn row(app: pb::App) -> Vec<Value> {
    let profile = match app.profile() {
        pb::ScimProfile::Strict => "strict",
        pb::ScimProfile::Default | pb::ScimProfile::Unspecified => "default",
    };
    vec![
        Value::from(app.name),
        Value::from(app.id),
        Value::from(profile),
        text(app.description),
        time(app.create_time),
    ]
}
