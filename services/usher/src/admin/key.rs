//! `usher key`: the keys that sign credentials.

use clap::{Args, Subcommand};
use serde_json::Value;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;

use super::report::{Format, Report, time};
use super::session::{ConnectionArgs, Session, status_error};

/// `usher key`
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The format of the results.
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Sign with a new key from now on. Old keys stay valid until all credentials that they signed have expired.
    Rotate,
    /// List the signing keys, the newest first.
    List,
    /// Revoke a key: its credentials are refused everywhere within 30 seconds. If it is the current key, a new one is
    /// created.
    Revoke {
        /// Id of the key, as `list` shows it.
        kid: String,
    },
}

const COLUMNS: [&str; 4] = ["kid", "created", "signs", "revoked"];

/// Runs a command and prints its result.
///
/// # Errors
/// The error of the service, or why it can't be reached.
pub async fn run(args: KeyArgs) -> anyhow::Result<()> {
    let session = Session::open(&args.connection).await?;
    args.command.run(&session).await?.print(args.output)
}

impl KeyCommand {
    async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = CredentialServiceClient::new(session.tenant.clone());
        match self {
            Self::Rotate => {
                let answer = client
                    .rotate_keys(session.request(pb::RotateKeysRequest {}))
                    .await
                    .map_err(status_error)?;
                let key = answer.into_inner().key.unwrap_or_default();
                Ok(Report::single(&["kid", "x"], vec![Value::from(key.kid), Value::from(key.x)]))
            }
            Self::List => {
                let answer =
                    client.list_keys(session.request(pb::ListKeysRequest {})).await.map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().keys.into_iter().map(row)))
            }
            Self::Revoke { kid } => {
                let message = pb::RevokeKeyRequest { kid };
                client.revoke_key(session.request(message)).await.map_err(status_error)?;
                Ok(Report::done("the key is revoked; within 30 s its credentials are no longer accepted"))
            }
        }
    }
}

fn row(key: pb::SigningKey) -> Vec<Value> {
    vec![Value::from(key.kid), time(key.create_time), Value::from(key.signs), time(key.revoke_time)]
}
