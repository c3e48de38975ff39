//! Where the stack is and who asks for something there: what demo.json says, and what is said at the terminal.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_base::id::WorkspaceId;
use usher_rpc::Outgoing;
use usher_tenant::ServiceKeys;

use super::seeded::Seeded;

/// How long the operators' credentials of demo.json live.
const OPERATOR_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The second operator.
const APPROVER: &str = "approver";

/// Where everything is, and who asks.
#[derive(Default)]
pub(super) struct Site {
    pub(super) base_url: String,
    pub(super) tenant_url: String,
    pub(super) identity_url: String,
    pub(super) billing_url: String,
    pub(super) metrics_url: String,
    pub(super) credential: String,
    /// Of a second operator.
    pub(super) approver: String,
}

impl Site {
    /// Makes the credentials of the two operators anew.
    pub(super) async fn sign(&mut self, keys: &ServiceKeys) -> anyhow::Result<()> {
        self.credential = keys.operator_credential("dev", OPERATOR_LIFE).await?;
        // What one operator asks for, such as a correction, another one approves.
        self.approver = keys.operator_credential(APPROVER, OPERATOR_LIFE).await?;
        Ok(())
    }

    /// A request of the first operator.
    pub(super) fn request<T>(&self, message: T, workspace: Option<WorkspaceId>) -> tonic::Request<T> {
        Outgoing {
            credential: &self.credential,
            workspace,
            request_id: "dev",
            trace: None,
            timeout: Duration::from_secs(10),
        }
        .request(message)
    }

    /// demo.json
    pub(super) fn document(&self, workspaces: &[Seeded]) -> Value {
        json!({
            "console_url": format!("{}/", self.base_url),
            "grpc": { "tenant": self.tenant_url, "identity": self.identity_url, "billing": self.billing_url },
            "metrics_url": self.metrics_url,
            "service_credential": self.credential,
            "operators": { "approver": self.approver },
            "workspaces": workspaces.iter().map(|workspace| json!({
                "name": workspace.demo.slug,
                "id": workspace.id,
                "scim_url": self.scim_url(workspace),
                "token": workspace.secrets.token,
                "domains": workspace.demo.domains,
                "admin": { "email": workspace.demo.email(), "password": workspace.secrets.password },
            })).collect::<Vec<_>>(),
        })
    }

    fn scim_url(&self, workspace: &Seeded) -> String {
        format!("{}/scim/v2/{}", self.base_url, workspace.demo.slug)
    }

    /// Tells the person at the terminal what to do next.
    pub(super) fn print(&self, workspaces: &[Seeded], demo: &Path) {
        println!("\nUsher is ready. Addresses, tokens and logins are in {}\n", super::display(demo));
        for workspace in workspaces {
            println!("  {:<8}  {}", workspace.demo.slug, self.scim_url(workspace));
        }
        if let Some(first) = workspaces.first() {
            println!("\nTry it:\n");
            // What is redirected is kept, so a token goes to terminals only.
            let (quote, token) = if std::io::stdout().is_terminal() {
                ('\'', first.secrets.token.clone())
            } else {
                ('"', format!("$(jq -r .workspaces[0].token {})", super::display(demo)))
            };
            println!(
                "  curl -H {quote}Authorization: Bearer {token}{quote} \\\n       \
                 '{}/Users?filter=userName+eq+%22nobody%22'\n",
                self.scim_url(first)
            );
        }
        println!("Ctrl-C stops it; the data stays.");
    }
}
