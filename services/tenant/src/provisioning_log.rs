//! The rules of the provisioning log: what identity providers tried, and what came of it.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use moka::sync::Cache;
use tokio::time::{Instant, timeout_at};
use usher_base::id::{AppId, LogEntryId, TokenId, WorkspaceId};
use usher_base::{CallContext, Fault as _, Reason};
use usher_store::Database;

use crate::access::Access;
use crate::authority;
use crate::error::TenantError;
use crate::store::provisioning_log as store;

/// Of entries without a valid token one a workspace and reason is stored in this time.
const NOISE: Duration = Duration::from_secs(5);
/// Statements of one call that run at once.
const AT_ONCE: usize = 4;
/// What is not stored in this time is to be sent again: its caller waits no more than 5 s.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a statement of a list may take: who is rarely met in a long log is looked for in all of it.
const LONGEST_LIST: Duration = Duration::from_secs(2);

/// One attempt of an identity provider.
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

/// Which entries are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) most: u32,
    pub(crate) before: Option<LogEntryId>,
    pub(crate) refused_only: bool,
    pub(crate) about: String,
}

/// Entries of one workspace.
#[derive(Debug)]
pub(crate) struct Log {
    /// Id or slug.
    pub(crate) workspace: String,
    pub(crate) entries: Vec<LogEntry>,
}

/// What came of entries that were to be appended: how many were dropped and why, and which are to be sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Their workspace does not exist.
    pub(crate) nowhere: usize,
    /// They had no valid token, and there was one like them a moment ago.
    pub(crate) noise: usize,
    /// They can't be stored.
    pub(crate) refused: usize,
    /// The workspaces, as they were named, that did not take theirs now.
    pub(crate) again: Vec<String>,
}

/// What one workspace is to be sent of a call.
#[derive(Debug, Default)]
struct Batch {
    /// Its id and slug, as far as they were used.
    names: Vec<String>,
    entries: Vec<LogEntry>,
    noise: usize,
}

/// The provisioning logs of all workspaces. Clones are the same.
#[derive(Clone)]
pub(crate) struct ProvisioningLog {
    database: Database,
    access: Access,
    /// The workspaces and reasons of the last entries without a valid token, whatever name the URL had
    /// and whichever gateway sent them.
    heard: Cache<(WorkspaceId, String), ()>,
}

impl ProvisioningLog {
    pub(crate) fn new(database: Database, access: Access) -> Self {
        let heard = Cache::builder().max_capacity(10_000).time_to_live(NOISE).build();
        Self { database, access, heard }
    }

    /// Appends entries, a statement per workspace. What one workspace does not take costs no other an entry.
    pub(crate) async fn append(&self, ctx: &CallContext, logs: Vec<Log>) -> Result<Appended, TenantError> {
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
        let mut stored = futures::stream::iter(stored).buffer_unordered(AT_ONCE);
        while let Some((id, batch, outcome)) = stored.next().await {
            match outcome {
                Ok(Ok(exists)) => {
                    appended.noise += batch.noise;
                    appended.nowhere += if exists { 0 } else { batch.entries.len() };
                }
                Ok(Err(error)) if !passes(&error) => {
                    let (error, entries) = (&error as &dyn std::error::Error, batch.entries.len());
                    tracing::error!(error, workspace = %id, entries, "entries of a provisioning log are lost");
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

    /// Stores a workspace's entries; false if there is no such workspace.
    async fn store(
        &self,
        ctx: &CallContext,
        id: WorkspaceId,
        entries: &[LogEntry],
    ) -> Result<bool, TenantError> {
        let scope = ctx.credential().scope(Some(id))?;
        Ok(store::insert(&self.database.scoped(&scope), entries).await?)
    }

    fn is_noise(&self, id: WorkspaceId, entry: &LogEntry) -> bool {
        let key = (id, entry.reason.clone());
        let heard = self.heard.contains_key(&key);
        if !heard {
            self.heard.insert(key, ());
        }
        heard
    }

    /// Takes it that entries were not heard, because they come again.
    fn forget(&self, id: WorkspaceId, entries: &[LogEntry]) {
        for entry in entries.iter().filter(|entry| entry.caller.is_none()) {
            self.heard.invalidate(&(id, entry.reason.clone()));
        }
    }

    /// A page of a workspace's log, newest first.
    pub(crate) async fn list(
        &self,
        ctx: &CallContext,
        wanted: &Wanted,
    ) -> Result<Vec<LogEntry>, TenantError> {
        let scope = ctx.scope()?;
        let mut tx = self.database.scoped(&scope).scan(LONGEST_LIST).await?;
        authority::of(ctx, &mut tx).await?;
        let entries = store::list(&mut tx, wanted).await.map_err(|error| {
            if error.is_too_slow() { TenantError::TooSlow(LONGEST_LIST.as_secs()) } else { error.into() }
        })?;
        tx.commit().await?;
        Ok(entries)
    }
}

/// Whether the same may succeed later.
fn passes(error: &TenantError) -> bool {
    matches!(
        error.reason(),
        Reason::Unavailable | Reason::Overloaded | Reason::RateLimited | Reason::DeadlineExceeded
    )
}
