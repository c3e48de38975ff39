//! `usher admin token`

use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};
use usher_base::Clock;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::token_service_client::TokenServiceClient;
use usher_rpc::convert::to_wire;

use crate::new_secret::SecretArgs;

use super::report::{Report, text, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Create a token of an app. It is shown only once. If standard output is not a terminal, use --to or --show.
    Create {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the app.
        #[arg(long)]
        app: String,
        /// Name of the token.
        #[arg(long, default_value = "")]
        name: String,
        /// Lifetime, such as 180d. If left out, it never expires.
        #[arg(long, value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// List an app's tokens, newest first.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the app.
        #[arg(long)]
        app: String,
    },
    /// Revoke a token. Every gateway refuses it within a second.
    Revoke {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the token.
        id: String,
    },
}

const COLUMNS: [&str; 8] = ["id", "app_id", "name", "prefix", "created", "expires", "revoked", "last_used"];

impl TokenCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = TokenServiceClient::new(session.tenant.clone());
        match self {
            Self::Create { of, app, name, expires_in, secret } => {
                let workspace = session.workspace(&of).await?;
                let expire_time = expires_in
                    .map(|life| Clock::system().now().checked_add(life))
                    .transpose()
                    .context("--expires-in is too far away")?
                    .map(to_wire);
                let message =
                    pb::CreateTokenRequest { app_id: app, name, expire_time, own_password: String::new() };
                let place = secret.open()?;
                let answer = match client.create_token(session.scoped(workspace, message)).await {
                    Ok(answer) => answer.into_inner(),
                    Err(status) => {
                        place.discard();
                        return Err(status_error(status));
                    }
                };
                let file = place.path().map(|path| path.display().to_string());
                let shown = place.put(answer.secret).context(
                    "the token was created but could not be written; revoke it: `usher admin token list` \
                     shows its id",
                )?;
                let token = answer.token.unwrap_or_default();
                let note = match file {
                    Some(file) => format!("the token is in {file}; only a hash of it is stored"),
                    None => "the token is shown only once; only a hash of it is stored".to_owned(),
                };
                let row =
                    vec![json!(shown), Value::from(token.id), text(token.name), time(token.expire_time)];
                Ok(Report::single(&["token", "id", "name", "expires"], row).note(note))
            }
            Self::List { of, app } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListTokensRequest { app_id: app };
                let answer =
                    client.list_tokens(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().tokens.into_iter().map(row)))
            }
            Self::Revoke { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::RevokeTokenRequest { id };
                client.revoke_token(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done("the token is revoked"))
            }
        }
    }
}

fn row(token: pb::Token) -> Vec<Value> {
    vec![
        Value::from(token.id),
        Value::from(token.app_id),
        text(token.name),
        Value::from(token.prefix),
        time(token.create_time),
        time(token.expire_time),
        time(token.revoke_time),
        time(token.last_use_time),
    ]
}
