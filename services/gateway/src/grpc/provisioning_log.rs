//! `usher.tenant.v1.ProvisioningLogService`

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::provisioning_log_service_client::ProvisioningLogServiceClient;
use usher_rpc::convert::to_wire;
use usher_rpc::{Channels, Failure, Outgoing, ServiceCredential};

use crate::provisioning_log::QueuedEntry;

/// The maximum time for one batch.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Appends to the provisioning logs, with the gateway's own credential.
#[derive(Clone, Debug)]
pub(crate) struct LogClient {
    client: ProvisioningLogServiceClient<Channels>,
    credential: ServiceCredential,
}

/// The outcome of a batch of entries.
#[derive(Debug)]
pub(crate) struct Appended {
    /// How many entries tenant dropped, and why: the workspace does not exist, a similar entry was stored just
    /// before, or the entry can't be stored.
    pub(crate) dropped: [(&'static str, usize); 3],
    /// The workspaces, as named in the entries, whose entries must be sent again.
    pub(crate) again: HashSet<String>,
}

impl LogClient {
    pub(crate) fn new(channels: Channels, credential: ServiceCredential) -> Self {
        Self { client: ProvisioningLogServiceClient::new(channels), credential }
    }

    /// Appends entries to the logs of their workspaces.
    pub(crate) async fn append(&self, entries: &[QueuedEntry]) -> Result<Appended, Failure> {
        let credential = self.credential.current().await?;
        let outgoing = Outgoing {
            credential: &credential,
            workspace: None,
            request_id: "provisioning-log",
            trace: None,
            timeout: TIMEOUT,
        };
        let message = pb::AppendLogEntriesRequest { logs: by_workspace(entries) };
        let answer = self.client.clone().append_log_entries(outgoing.request(message)).await?.into_inner();
        let count = |entries: i32| usize::try_from(entries).unwrap_or_default();
        Ok(Appended {
            dropped: [
                ("nowhere", count(answer.nowhere)),
                ("noise", count(answer.noise)),
                ("refused", count(answer.refused)),
            ],
            again: answer.again.into_iter().collect(),
        })
    }
}

fn by_workspace(entries: &[QueuedEntry]) -> Vec<pb::WorkspaceLog> {
    let mut logs: HashMap<&str, Vec<pb::LogEntry>> = HashMap::new();
    for entry in entries {
        logs.entry(&entry.log_entry.workspace).or_default().push(entry.into());
    }
    let log = |(workspace, entries): (&str, _)| pb::WorkspaceLog { workspace: workspace.to_owned(), entries };
    logs.into_iter().map(log).collect()
}

impl From<&QueuedEntry> for pb::LogEntry {
    fn from(QueuedEntry { id, at, log_entry, summary }: &QueuedEntry) -> Self {
        let problem = log_entry.problem.as_ref();
        let (app, token) = log_entry.caller.unzip();
        Self {
            id: id.to_string(),
            time: Some(to_wire(*at)),
            app_id: app.map(|id| id.to_string()).unwrap_or_default(),
            token_id: token.map(|id| id.to_string()).unwrap_or_default(),
            method: log_entry.method.clone(),
            path: log_entry.path.clone(),
            resource_type: log_entry.kind.map(|kind| kind.name().to_owned()).unwrap_or_default(),
            resource_id: log_entry.id.clone().unwrap_or_default(),
            name: summary.name.clone(),
            external_id: summary.external_id.clone(),
            attributes: summary.attributes.clone(),
            status: log_entry.status.as_u16().into(),
            scim_type: problem.and_then(|problem| problem.scim_type).unwrap_or_default().to_owned(),
            reason: problem.map(|problem| problem.reason.to_owned()).unwrap_or_default(),
            detail: problem.map(|problem| problem.detail_for(&log_entry.request_id)).unwrap_or_default(),
            request_id: log_entry.request_id.to_string(),
            client_request_id: log_entry.client_request_id.to_string(),
            bulk_index: i32::try_from(log_entry.bulk_index).unwrap_or(i32::MAX),
            duration_micros: i64::try_from(log_entry.took.as_micros()).unwrap_or(i64::MAX),
        }
    }
}
