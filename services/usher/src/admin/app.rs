//! `usher admin app`

use clap::{Subcommand, ValueEnum};
use serde_json::Value;
use usher_base::id::WorkspaceId;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::app_service_client::AppServiceClient;

use super::report::{Report, text, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum AppCommand {
    /// Create an app, such as "Azure AD SCIM".
    Create {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Name, unique in the workspace.
        name: String,
        /// Description.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// List the apps.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Set how requests of an app's identity provider are read; options that are left out keep their values.
    Update {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the app.
        id: String,
        /// `default` tolerates known deviations of identity providers; `strict` follows RFC 7644 to the letter.
        #[arg(long, required_unless_present = "external_id")]
        profile: Option<Profile>,
        /// `stable` means that an externalId is never given to another person, as is the case for Entra's objectId:
        /// it alone identifies a returning person. With `reassignable`, the default, the userName or the primary
        /// address must match as well, because Entra's default mapping sends mailNickname, which may be given to
        /// another person.
        #[arg(long)]
        external_id: Option<ExternalId>,
    },
    /// Transfer the people and groups of one app to its successor, which then finds them by their externalIds.
    /// Configure the successor with the same externalIds first.
    TakeOver {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the app that they belong to; it may have been deleted.
        #[arg(long)]
        from: String,
        /// Id of the successor.
        #[arg(long)]
        to: String,
    },
    /// Delete an app and revoke its tokens.
    Delete {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the app.
        id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Profile {
    Default,
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExternalId {
    Reassignable,
    Stable,
}

const COLUMNS: [&str; 6] = ["name", "id", "profile", "external_id", "description", "created"];

impl AppCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = AppServiceClient::new(session.tenant.clone());
        match self {
            Self::Create { of, name, description } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::CreateAppRequest { name, description };
                let answer =
                    client.create_app(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().app.unwrap_or_default())))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let answer = client
                    .list_apps(session.scoped(workspace, pb::ListAppsRequest {}))
                    .await
                    .map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().apps.into_iter().map(row)))
            }
            Self::Update { of, id, profile, external_id } => {
                let workspace = session.workspace(&of).await?;
                let profile = match profile {
                    None => pb::ScimProfile::Unspecified,
                    Some(Profile::Default) => pb::ScimProfile::Default,
                    Some(Profile::Strict) => pb::ScimProfile::Strict,
                };
                let message = pb::UpdateAppRequest {
                    id,
                    profile: profile.into(),
                    external_id_stable: external_id.map(|external_id| external_id == ExternalId::Stable),
                    own_password: String::new(),
                };
                let answer =
                    client.update_app(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().app.unwrap_or_default())))
            }
            Self::TakeOver { of, from, to } => {
                let workspace = session.workspace(&of).await?;
                take_over(session, workspace, from, to).await
            }
            Self::Delete { of, id } => {
                let workspace = session.workspace(&of).await?;
                client
                    .delete_app(session.scoped(workspace, pb::DeleteAppRequest { id, ..Default::default() }))
                    .await
                    .map_err(status_error)?;
                Ok(Report::done("the app is deleted and its tokens are revoked"))
            }
        }
    }
}

async fn take_over(
    session: &Session,
    workspace: WorkspaceId,
    from: String,
    to: String,
) -> anyhow::Result<Report> {
    let mut users = UserServiceClient::new(session.identity.clone());
    let message = identity::TakeOverUsersRequest { from_app_id: from, to_app_id: to };
    let (mut people, mut teams) = (0, 0);
    loop {
        let answer = users.take_over_users(session.scoped(workspace, message.clone())).await;
        let identity::TakeOverUsersResponse { taken, groups, more } =
            answer.map_err(status_error)?.into_inner();
        people += taken;
        teams += groups;
        if !more {
            return Ok(Report::done(format!("{people} people and {teams} groups were handed over")));
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
        Value::from(if app.external_id_stable { "stable" } else { "reassignable" }),
        text(app.description),
        time(app.create_time),
    ]
}
