//! `usher admin signing-key`

use clap::Subcommand;
use serde_json::Value;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;

use super::report::Report;
use super::session::{Session, told};

#[derive(Debug, Subcommand)]
pub(super) enum SigningKeyCommand {
    /// Sign with a new key from now on. Old ones stay valid until all they signed has ended.
    Rotate,
    /// List the published keys.
    List,
}

const COLUMNS: [&str; 2] = ["kid", "x"];

impl SigningKeyCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = CredentialServiceClient::new(session.tenant.clone());
        let row = |key: pb::PublicKey| vec![Value::from(key.kid), Value::from(key.x)];
        match self {
            Self::Rotate => {
                let answer =
                    client.rotate_keys(session.request(pb::RotateKeysRequest {})).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(answer.into_inner().key.unwrap_or_default())))
            }
            Self::List => {
                let answer =
                    client.get_key_set(session.request(pb::GetKeySetRequest {})).await.map_err(told)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().keys.into_iter().map(row)))
            }
        }
    }
}
