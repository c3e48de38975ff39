//! `usher admin audit`

use clap::Args;
use serde_json::Value;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::audit_service_client::AuditServiceClient;

use super::report::{Report, text, time};
use super::session::{Session, WorkspaceArg, status_error};

/// The maximum page size of the service.
const PAGE: i32 = 500;

/// `usher admin audit`
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Slug or id of the workspace. If left out, shows actions on the installation: plans and keys.
    #[arg(long, short)]
    workspace: Option<String>,
    /// Maximum number of entries.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

const COLUMNS: [&str; 6] = ["time", "actor", "action", "target", "request_id", "detail"];

impl AuditArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let workspace = match self.workspace {
            Some(workspace) => Some(session.workspace(&WorkspaceArg { workspace }).await?),
            None => None,
        };
        let mut client = AuditServiceClient::new(session.tenant.clone());
        let mut rows = Vec::new();
        let mut page_token = String::new();
        loop {
            let message = pb::ListAuditEntriesRequest { page_size: PAGE, page_token };
            let request = match workspace {
                Some(workspace) => session.scoped(workspace, message),
                None => session.request(message),
            };
            let page = client.list_audit_entries(request).await.map_err(status_error)?.into_inner();
            rows.extend(page.entries.into_iter().map(row));
            page_token = page.next_page_token;
            if page_token.is_empty() || rows.len() >= self.limit {
                rows.truncate(self.limit);
                return Ok(Report::list(&COLUMNS, rows));
            }
        }
    }
}

fn row(entry: pb::AuditEntry) -> Vec<Value> {
    vec![
        time(entry.time),
        Value::from(entry.actor),
        Value::from(entry.action),
        Value::from(entry.target),
        text(entry.request_id),
        serde_json::from_str(&entry.detail_json).unwrap_or(Value::Null),
    ]
}
