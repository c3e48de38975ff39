//! Connections to the services, and the operator's credential.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;
use tonic::transport::Channel;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_base::secret::ServiceKey;
use usher_net::tls::{ClientFiles, ClientTls, Pair};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::{Failure, Outgoing};
use uuid::Uuid;

use crate::key_file;

/// How long to wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The addresses of the services, and the operator's key.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct ConnectionArgs {
    /// demo.json of a running `usher dev`, with addresses and a credential. It replaces all options below.
    #[arg(long, env = "USHER_DEMO", global = true)]
    demo: Option<PathBuf>,
    /// Address of the tenant service.
    #[arg(long, env = "USHER_TENANT__URL", default_value = "http://127.0.0.1:9101", global = true)]
    tenant_url: String,
    /// Address of the identity service.
    #[arg(long, env = "USHER_IDENTITY__URL", default_value = "http://127.0.0.1:9102", global = true)]
    identity_url: String,
    /// Address of the billing service.
    #[arg(long, env = "USHER_BILLING__URL", default_value = "http://127.0.0.1:9103", global = true)]
    billing_url: String,
    /// File with the operator's key, as `usher service-key <name>` printed it.
    #[arg(long, env = "USHER_OPERATOR_KEY_FILE", global = true)]
    key_file: Option<PathBuf>,
    /// Name of the operator, for which the key was created. With --demo, "approver" is a second operator, who
    /// approves requests of the first.
    #[arg(long, env = "USHER_OPERATOR", default_value = DEFAULT_OPERATOR, global = true)]
    operator: String,
    /// PEM file of the authorities that sign the services' certificates. If left out, the system's authorities are
    /// trusted.
    #[arg(long, env = "USHER_TLS__CA_FILE", global = true)]
    ca_file: Option<PathBuf>,
    /// PEM file of the operator's certificate, for services that require one.
    #[arg(long, env = "USHER_TLS__CERTIFICATE_FILE", global = true, requires = "certificate_key_file")]
    certificate_file: Option<PathBuf>,
    /// PEM file of its key.
    #[arg(long, env = "USHER_TLS__KEY_FILE", global = true, requires = "certificate_file")]
    certificate_key_file: Option<PathBuf>,
    /// Permit http:// addresses that are not on this machine. Anybody on the network path can then read and change
    /// the traffic, including the operator's key.
    #[arg(long, global = true)]
    allow_plaintext: bool,
}

impl ConnectionArgs {
    fn tls(&self) -> anyhow::Result<ClientTls> {
        let pair = self.certificate_file.clone().zip(self.certificate_key_file.clone());
        let pair = pair.map(|(certificate, key)| Pair { certificate, key });
        ClientTls::load(ClientFiles { authorities: self.ca_file.clone(), pair })
            .context("can't use --ca-file, --certificate-file or --certificate-key-file")
    }

    fn connect(&self, url: &str, tls: &ClientTls) -> anyhow::Result<Channel> {
        if !self.allow_plaintext && !usher_net::is_protected(url) {
            bail!(
                "{url:?} leads to another machine without encryption: anybody on the network path can read and \
                 change the traffic, including the operator's key; write https://host:port, or pass --allow-plaintext"
            );
        }
        usher_rpc::connect(url, tls)
            .with_context(|| format!("{url:?} is not the address of a service; write https://host:port"))
    }
}

/// The workspace of a command.
#[derive(Clone, Debug, Args)]
pub(super) struct WorkspaceArg {
    /// Slug or id of the workspace.
    #[arg(long, short)]
    pub(super) workspace: String,
}

/// The part of demo.json that is used here.
#[derive(Deserialize)]
struct Demo {
    grpc: Addresses,
    service_credential: String,
    /// Credentials of other operators, by name.
    #[serde(default)]
    operators: BTreeMap<String, String>,
}

impl Demo {
    /// The credential of an operator, by default that of the first one.
    fn credential(&mut self, operator: &str) -> anyhow::Result<String> {
        if operator == DEFAULT_OPERATOR {
            return Ok(std::mem::take(&mut self.service_credential));
        }
        self.operators.remove(operator).with_context(|| {
            let known = self.operators.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("demo.json has no operator {operator:?}; it has {known}, and a default operator")
        })
    }
}

/// The default operator.
const DEFAULT_OPERATOR: &str = "ops";

#[derive(Deserialize)]
struct Addresses {
    tenant: String,
    identity: String,
    billing: String,
}

/// Connections to the services, with the operator's credential.
pub(super) struct Session {
    pub(super) tenant: Channel,
    pub(super) identity: Channel,
    pub(super) billing: Channel,
    credential: String,
    request_id: String,
}

impl Session {
    /// Reads the addresses and gets a credential.
    pub(super) async fn open(args: &ConnectionArgs) -> anyhow::Result<Self> {
        let request_id = format!("admin-{}", Uuid::new_v4().simple());
        let tls = args.tls()?;
        let connect = |url: &str| args.connect(url, &tls);
        if let Some(path) = &args.demo {
            let mut demo = read_demo(path)?;
            let credential = demo.credential(&args.operator)?;
            return Ok(Self {
                tenant: connect(&demo.grpc.tenant)?,
                identity: connect(&demo.grpc.identity)?,
                billing: connect(&demo.grpc.billing)?,
                credential,
                request_id,
            });
        }
        let tenant = connect(&args.tenant_url)?;
        let credential = sign_in(args, tenant.clone()).await?;
        Ok(Self {
            identity: connect(&args.identity_url)?,
            billing: connect(&args.billing_url)?,
            tenant,
            credential,
            request_id,
        })
    }

    /// A request without a workspace.
    pub(super) fn request<T>(&self, message: T) -> tonic::Request<T> {
        self.outgoing(None).request(message)
    }

    /// A request about one workspace.
    pub(super) fn scoped<T>(&self, workspace: WorkspaceId, message: T) -> tonic::Request<T> {
        self.outgoing(Some(workspace)).request(message)
    }

    fn outgoing(&self, workspace: Option<WorkspaceId>) -> Outgoing<'_> {
        Outgoing {
            credential: &self.credential,
            workspace,
            request_id: &self.request_id,
            trace: None,
            timeout: TIMEOUT,
        }
    }

    /// The id of a workspace, by slug or id.
    pub(super) async fn workspace(&self, name: &WorkspaceArg) -> anyhow::Result<WorkspaceId> {
        let found = self.find_workspace(&name.workspace).await?;
        found.id.parse().context("the tenant service sent a workspace without an id")
    }

    /// A workspace, by slug or id.
    pub(super) async fn find_workspace(&self, name: &str) -> anyhow::Result<pb::Workspace> {
        let message = pb::GetWorkspaceRequest { workspace: name.to_owned() };
        let answer =
            WorkspaceServiceClient::new(self.tenant.clone()).get_workspace(self.request(message)).await;
        let workspace = answer.map_err(status_error)?.into_inner().workspace;
        workspace.context("the tenant service sent no workspace")
    }
}

/// The error of a service, as a sentence for the operator.
pub(super) fn status_error(status: tonic::Status) -> anyhow::Error {
    let failure = Failure::from(status);
    let advice = match failure.reason {
        Reason::Unavailable if failure.metadata.is_empty() => {
            return anyhow::anyhow!(
                "{}; is the service running, and at the given address (--demo, --tenant-url, --identity-url, \
                 --billing-url)? One that encrypts is at https:// and asks for --ca-file and --certificate-file",
                usher_base::chain(&failure)
            );
        }
        Reason::CredentialExpired => {
            "the credential has expired; with --demo, restart usher dev to get a new one"
        }
        Reason::CredentialInvalid => {
            "create a key with `usher service-key <name>` and pass it with \
             --key-file"
        }
        _ => return anyhow::anyhow!("{failure}"),
    };
    anyhow::anyhow!("{failure}; {advice}")
}

fn read_demo(path: &Path) -> anyhow::Result<Demo> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} can't be read; is `usher dev` running and ready?", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a demo.json", path.display()))
}

async fn sign_in(args: &ConnectionArgs, tenant: Channel) -> anyhow::Result<String> {
    let path = args.key_file.as_ref().context(
        "no credential: pass --demo <data-dir>/demo.json for a dev stack, or --key-file with a key of \
         `usher service-key`",
    )?;
    let text = key_file::read_secret(path)?;
    let key = ServiceKey::parse(text.trim())
        .with_context(|| format!("{} does not hold a service key", path.display()))?;
    let message = pb::IssueCredentialRequest { name: args.operator.clone(), key: key.expose().to_owned() };
    let mut request = tonic::Request::new(message);
    request.set_timeout(TIMEOUT);
    let answer =
        CredentialServiceClient::new(tenant).issue_credential(request).await.map_err(status_error)?;
    Ok(answer.into_inner().credential)
}
