//! `usher admin service-key`

use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};
use usher_base::Clock;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::service_key_service_client::ServiceKeyServiceClient;
use usher_rpc::convert::to_wire;

use crate::new_secret::SecretArgs;

use super::report::{Report, text, time};
use super::session::{Session, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum ServiceKeyCommand {
    /// Create a key with chosen scopes for an integration. It is shown only once. If standard output is not a
    /// terminal, use --to or --show.
    Create {
        /// A unique name of a-z, 0-9 and -. Actions with the key are logged as `operator:<name>`.
        name: String,
        /// Permissions: users.read, users.write, changes.read, seats.read, billing.read, tenant.admin. Only those
        /// that you have yourself.
        #[arg(long = "scope", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// Slug or id of the workspace that it is limited to. If left out, all workspaces.
        #[arg(long, short)]
        workspace: Option<String>,
        /// Lifetime, such as 180d. If left out, it never expires.
        #[arg(long, value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// List all keys of services, operators and integrations.
    List,
    /// Revoke a key: it gets no further credentials, and its existing ones are refused everywhere within 30 seconds.
    Revoke {
        /// Lookup id of the key, as `list` shows it.
        lookup_id: String,
    },
}

const COLUMNS: [&str; 6] = ["name", "lookup_id", "scopes", "workspace_id", "created", "expires"];

impl ServiceKeyCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = ServiceKeyServiceClient::new(session.tenant.clone());
        match self {
            Self::Create { name, scopes, workspace, expires_in, secret } => {
                let expire_time = expires_in
                    .map(|life| Clock::system().now().checked_add(life))
                    .transpose()
                    .context("--expires-in is too far away")?
                    .map(to_wire);
                let workspace = workspace.unwrap_or_default();
                let message = pb::CreateServiceKeyRequest { name, scopes, workspace, expire_time };
                let place = secret.open()?;
                let answer = match client.create_service_key(session.request(message)).await {
                    Ok(answer) => answer.into_inner(),
                    Err(status) => {
                        place.discard();
                        return Err(status_error(status));
                    }
                };
                let note = match place.path() {
                    Some(path) => format!("the key is in {}; only a hash of it is stored", path.display()),
                    None => "the key is shown only once; only a hash of it is stored".to_owned(),
                };
                let key = answer.service_key.unwrap_or_default();
                let lost = format!(
                    "the key was created but could not be written; run: usher admin service-key revoke {}",
                    key.lookup_id
                );
                let shown = place.put(answer.secret).context(lost)?;
                let row = [vec![json!(shown)], row(key)].concat();
                Ok(Report::single(&[&["key"][..], &COLUMNS].concat(), row).note(note))
            }
            Self::List => {
                let answer = client.list_service_keys(session.request(pb::ListServiceKeysRequest {})).await;
                let keys = answer.map_err(status_error)?.into_inner().service_keys;
                Ok(Report::list(&COLUMNS, keys.into_iter().map(row)))
            }
            Self::Revoke { lookup_id } => {
                let message = pb::RevokeServiceKeyRequest { lookup_id };
                client.revoke_service_key(session.request(message)).await.map_err(status_error)?;
                Ok(Report::done("the key is revoked; within 30 s its credentials are no longer accepted"))
            }
        }
    }
}

fn row(key: pb::ServiceKey) -> Vec<Value> {
    vec![
        Value::from(key.name),
        Value::from(key.lookup_id),
        json!(key.scopes),
        text(key.workspace_id),
        time(key.create_time),
        time(key.expire_time),
    ]
}
