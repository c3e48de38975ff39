//! `usher admin app`

use clap::Subcommand;
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
    /// Delete an app and revoke its tokens.
    Delete {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The app's id.
        id: String,
    },
}

const COLUMNS: [&str; 4] = ["name", "id", "description", "created"];

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
    vec![Value::from(app.name), Value::from(app.id), text(app.description), time(app.create_time)]
}
