//! The rules of the provisioning log: what identity providers requested, and the outcomes.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use moka::sync::Cache;
use tokio::time::{Instant, timeout_at};
use usher_base::id::{AppId, LogEntryId, TokenId, WorkspaceId};
use usher_base::{CallContext, Fault as _, Permission, Reason};
use usher_store::Database;

use crate::access::Access;
use crate::authority;
use crate::error::TenantError;
use crate::methods::ADMIN;
use crate::store::provisioning_log;

/// Of entries without a valid token, one per workspace and reason is stored in this time.
const NOISE: Duration = Duration::from_secs(5);
/// The maximum number of concurrent statements per call.
const MAX_CONCURRENT_INSERTS: usize = 4;
/// Entries that can't be stored in this time must be sent again. The caller waits at most 5 s.
const PATIENCE: Duration = Duration::from_secs(2);
/// The maximum time of a statement of a list. Searching for a name can mean reading the whole log.
const MAX_LIST_TIME: Duration = Duration::from_secs(2);

/// A request of an identity provider and its outcome.
#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    pub(crate) id: LogEntryId,
    pub(crate) at: Timestamp,
    pub(crate) caller: Option<(AppId, TokenId)>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) resource_type: String,
    pub(crate) resource_id: String,
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) attributes: Vec<String>,
    pub(crate) status: i32,
    pub(crate) scim_type: String,
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) request_id: String,
    pub(crate) client_request_id: String,
    pub(crate) bulk_index: i32,
    pub(crate) duration_micros: i64,
}

/// The filter of a list.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) max: u32,
    pub(crate) before: Option<LogEntryId>,
    pub(crate) refused_only: bool,
    pub(crate) about: String,
}

/// The entries of one workspace.
#[derive(Debug)]
pub(crate) struct Log {
    /// Id or slug.
    pub(crate) workspace: String,
    pub(crate) entries: Vec<LogEntry>,
}

/// The outcome of appending entries: how many were dropped and why, and which must be sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The number of entries whose workspace does not exist.
    pub(crate) nowhere: usize,
    /// The number of entries without a valid token that repeat a recent one.
    pub(crate) noise: usize,
    /// The number of entries that can't be stored.
    pub(crate) refused: usize,
    /// The workspaces, as named in the call, whose entries must be sent again.
    pub(crate) again: Vec<String>,
}

/// The entries of a call for one workspace.
#[derive(Debug, Default)]
struct Batch {
    /// The id and slug by which the entries name it.
    names: Vec<String>,
    entries: Vec<LogEntry>,
    noise: usize,
}

/// The provisioning logs of all workspaces. Clones are the same.
#[derive(Clone)]
pub(crate) struct ProvisioningLog {
    database: Database,
    access: Access,
    /// The workspaces and reasons of recent entries without a valid token, whatever name the URL used and whichever
    /// gateway sent them.
    recent: Cache<(WorkspaceId, String), ()>,
}

impl ProvisioningLog {
    pub(crate) fn new(database: Database, access: Access) -> Self {
        let recent = Cache::builder().max_capacity(10_000).time_to_live(NOISE).build();
        Self { database, access, recent }
    }

    /// Appends entries, with one statement per workspace. A failure for one workspace does not affect the others.
    pub(crate) async fn append(&self, ctx: &CallContext, logs: Vec<Log>) -> Result<Appended, TenantError> {
        ctx.require(Permission::AccessCheck)?;
        let until = Instant::now() + PATIENCE;
        let names = logs.iter().map(|log| log.workspace.as_str());
        let resolved = self.access.resolve_all(names).await?;
        let mut appended = Appended::default();
        let mut batches: HashMap<WorkspaceId, Batch> = HashMap::new();
        for log in logs {
            let Some(id) = resolved.get(&log.workspace) else {
                appended.nowhere += log.entries.len();
                continue;
            };
            let batch = batches.entry(*id).or_default();
            batch.names.push(log.workspace);
            for entry in log.entries {
                if entry.caller.is_none() && self.is_noise(*id, &entry) {
                    batch.noise += 1;
                } else {
                    batch.entries.push(entry);
                }
            }
        }
        let stored = batches.into_iter().map(async |(id, batch)| {
            let outcome = timeout_at(until, self.store(ctx, id, &batch.entries)).await;
            (id, batch, outcome)
        });
        let mut stored = futures::stream::iter(stored).buffer_unordered(MAX_CONCURRENT_INSERTS);
        while let Some((id, batch, outcome)) = stored.next().await {
            match outcome {
                Ok(Ok(exists)) => {
                    appended.noise += batch.noise;
                    appended.nowhere += if exists { 0 } else { batch.entries.len() };
                }
                Ok(Err(error)) if !is_temporary(&error) => {
                    let (error, entries) = (&error as &dyn std::error::Error, batch.entries.len());
                    tracing::error!(error, workspace = %id, entries, "entries of a provisioning log are \
                         lost");
                    appended.noise += batch.noise;
                    appended.refused += entries;
                }
                Ok(Err(_)) | Err(_) => {
                    self.forget(id, &batch.entries);
                    appended.again.extend(batch.names);
                }
            }
        }
        Ok(appended)
    }

    /// Stores a workspace's entries. Returns `false` if the workspace does not exist.
    async fn store(
        &self,
        ctx: &CallContext,
        id: WorkspaceId,
        entries: &[LogEntry],
    ) -> Result<bool, TenantError> {
        let scope = ctx.scope_in(id, Permission::AccessCheck)?;
        Ok(provisioning_log::insert(&self.database.scoped(&scope), entries).await?)
    }

    fn is_noise(&self, id: WorkspaceId, entry: &LogEntry) -> bool {
        let key = (id, entry.reason.clone());
        let recent = self.recent.contains_key(&key);
        if !recent {
            self.recent.insert(key, ());
        }
        recent
    }

    /// Removes the reasons of entries from the recent ones, because the entries will be sent again.
    fn forget(&self, id: WorkspaceId, entries: &[LogEntry]) {
        for entry in entries.iter().filter(|entry| entry.caller.is_none()) {
            self.recent.invalidate(&(id, entry.reason.clone()));
        }
    }

    /// A page of a workspace's log, newest first.
    pub(crate) async fn list(
        &self,
        ctx: &CallContext,
        wanted: &Wanted,
    ) -> Result<Vec<LogEntry>, TenantError> {
        let scope = ctx.scope_with_any(ADMIN)?;
        let mut tx = self.database.scoped(&scope).scan(MAX_LIST_TIME).await?;
        authority::get(ctx, &mut tx).await?;
        let entries = provisioning_log::list(&mut tx, wanted).await.map_err(|error| {
            if error.is_too_slow() { TenantError::TooSlow(MAX_LIST_TIME.as_secs()) } else { error.into() }
        })?;
        tx.commit().await?;
        Ok(entries)
    }
}

/// Whether the same call may succeed later.
fn is_temporary(error: &TenantError) -> bool {
    matches!(
        error.reason(),
        Reason::Unavailable | Reason::Overloaded | Reason::RateLimited | Reason::DeadlineExceeded
    )
}
