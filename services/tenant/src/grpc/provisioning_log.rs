//! `usher.tenant.v1.ProvisioningLogService`

use tonic::{Request, Response, Status};
use usher_base::id::LogEntryId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::provisioning_log_service_server::ProvisioningLogService;
use usher_rpc::convert::{
    InvalidArgument, from_wire, invalid, missing, page_size, page_token, parse, to_wire,
};
use usher_rpc::{open, page};

use crate::provisioning_log::{Log, LogEntry, ProvisioningLog, Wanted};

/// The maximum number of entries per message.
const MAX_ENTRIES: usize = 500;
/// The maximum length of each text of an entry.
const MAX_TEXT_BYTES: usize = 4_000;

/// Implements the methods for the provisioning log.
pub(crate) struct ProvisioningLogApi {
    pub(crate) log: ProvisioningLog,
}

#[tonic::async_trait]
impl ProvisioningLogService for ProvisioningLogApi {
    async fn append_log_entries(
        &self,
        request: Request<pb::AppendLogEntriesRequest>,
    ) -> Result<Response<pb::AppendLogEntriesResponse>, Status> {
        let (ctx, message) = open(request)?;
        if !(1..=MAX_ENTRIES).contains(&message.logs.iter().map(|log| log.entries.len()).sum()) {
            return Err(invalid("logs", format!("there must be 1 to {MAX_ENTRIES} entries")).into());
        }
        let logs = message.logs.into_iter().map(Log::try_from).collect::<Result<_, _>>()?;
        let appended = self.log.append(&ctx, logs).await?;
        let count = |entries: usize| i32::try_from(entries).unwrap_or(i32::MAX);
        Ok(Response::new(pb::AppendLogEntriesResponse {
            nowhere: count(appended.nowhere),
            noise: count(appended.noise),
            refused: count(appended.refused),
            again: appended.again,
        }))
    }

    async fn list_log_entries(
        &self,
        request: Request<pb::ListLogEntriesRequest>,
    ) -> Result<Response<pb::ListLogEntriesResponse>, Status> {
        let (ctx, message) = open(request)?;
        let max = page_size(message.page_size, 100, 500)?;
        let before = page_token::<LogEntryId>(&message.page_token)?;
        let refused_only = message.refused_only;
        let wanted = Wanted { max: max + 1, before, refused_only, about: message.about };
        let found = self.log.list(&ctx, &wanted).await?;
        let (entries, more) = page(found.into_iter().map(pb::LogEntry::from).collect(), max);
        let last = entries.last().filter(|_| more).map(|last: &pb::LogEntry| last.id.clone());
        let next_page_token = last.unwrap_or_default();
        Ok(Response::new(pb::ListLogEntriesResponse { entries, next_page_token }))
    }
}

impl TryFrom<pb::WorkspaceLog> for Log {
    type Error = InvalidArgument;

    fn try_from(log: pb::WorkspaceLog) -> Result<Self, InvalidArgument> {
        let entries = log.entries.into_iter().map(LogEntry::try_from).collect::<Result<_, _>>()?;
        Ok(Self { workspace: log.workspace, entries })
    }
}

impl TryFrom<pb::LogEntry> for LogEntry {
    type Error = InvalidArgument;

    fn try_from(entry: pb::LogEntry) -> Result<Self, InvalidArgument> {
        let caller = if entry.app_id.is_empty() {
            None
        } else {
            Some((parse("app_id", &entry.app_id)?, parse("token_id", &entry.token_id)?))
        };
        Ok(Self {
            id: parse("id", &entry.id)?,
            at: from_wire("time", entry.time.ok_or_else(|| missing("time"))?)?,
            caller,
            method: kept(entry.method),
            path: kept(entry.path),
            resource_type: kept(entry.resource_type),
            resource_id: kept(entry.resource_id),
            name: kept(entry.name),
            external_id: kept(entry.external_id),
            attributes: entry.attributes.into_iter().take(50).map(kept).collect(),
            status: entry.status,
            scim_type: kept(entry.scim_type),
            reason: kept(entry.reason),
            detail: kept(entry.detail),
            request_id: kept(entry.request_id),
            client_request_id: kept(entry.client_request_id),
            bulk_index: entry.bulk_index,
            duration_micros: entry.duration_micros,
        })
    }
}

/// Cuts a text to its maximum length, so that an entry is logged whatever the client sent.
fn kept(mut text: String) -> String {
    text.retain(|c| c != '\0');
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text
}

impl From<LogEntry> for pb::LogEntry {
    fn from(entry: LogEntry) -> Self {
        let (app, token) = entry.caller.unzip();
        Self {
            id: entry.id.to_string(),
            time: Some(to_wire(entry.at)),
            app_id: app.map(|id| id.to_string()).unwrap_or_default(),
            token_id: token.map(|id| id.to_string()).unwrap_or_default(),
            method: entry.method,
            path: entry.path,
            resource_type: entry.resource_type,
            resource_id: entry.resource_id,
            name: entry.name,
            external_id: entry.external_id,
            attributes: entry.attributes,
            status: entry.status,
            scim_type: entry.scim_type,
            reason: entry.reason,
            detail: entry.detail,
            request_id: entry.request_id,
            client_request_id: entry.client_request_id,
            bulk_index: entry.bulk_index,
            duration_micros: entry.duration_micros,
        }
    }
}
