//! `usher admin domain`

use clap::Subcommand;
use serde_json::Value;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::domain_service_client::DomainServiceClient;

use super::report::{Report, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum DomainCommand {
    /// Approve a domain, whose people may then be provisioned. Sub-domains must be approved separately.
    Approve {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The domain, such as acme.example, in any script.
        domain: String,
    },
    /// List the approved domains.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Withdraw the approval of a domain. Existing users stay.
    Remove {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The domain.
        domain: String,
    },
}

const COLUMNS: [&str; 3] = ["domain", "approved", "approved_by"];

impl DomainCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = DomainServiceClient::new(session.tenant.clone());
        match self {
            Self::Approve { of, domain } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ApproveDomainRequest { name: domain, ..Default::default() };
                let answer =
                    client.approve_domain(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().domain.unwrap_or_default())))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListDomainsRequest {};
                let answer =
                    client.list_domains(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().domains.into_iter().map(row)))
            }
            Self::Remove { of, domain } => {
                let workspace = session.workspace(&of).await?;
                let done = format!("{domain} is not approved any more; people who are there stay");
                let message = pb::RemoveDomainRequest { name: domain, ..Default::default() };
                client.remove_domain(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done(done))
            }
        }
    }
}

fn row(domain: pb::Domain) -> Vec<Value> {
    vec![Value::from(domain.name), time(domain.approve_time), Value::from(domain.approved_by)]
}
