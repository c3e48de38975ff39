//! The rules of the provisioning log: what identity providers tried, and what came of it.

use std::collections::HashMap;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use moka::sync::Cache;
use usher_base::CallContext;
use usher_base::id::{AppId, LogEntryId, TokenId, WorkspaceId};
use usher_store::Database;

use crate::access::Access;
use crate::authority;
use crate::error::TenantError;
use crate::store::provisioning_log as store;

/// Of entries without a valid token one a workspace and reason is stored in this time.
const NOISE: Duration = Duration::from_secs(5);
/// Statements of one call that run at once.
const AT_ONCE: usize = 4;

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

/// How many entries were not stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Their workspace does not exist.
    pub(crate) nowhere: usize,
    /// They had no valid token, and there was one like them a moment ago.
    pub(crate) noise: usize,
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

    /// Appends entries, a statement per workspace.
    pub(crate) async fn append(&self, ctx: &CallContext, logs: Vec<Log>) -> Result<Dropped, TenantError> {
        let names = logs.iter().map(|log| log.workspace.as_str());
        let resolved = self.access.resolve_all(names).await?;
        let mut dropped = Dropped::default();
        let mut by_workspace: HashMap<WorkspaceId, Vec<LogEntry>> = HashMap::new();
        for log in logs {
            let Some(id) = resolved.get(&log.workspace) else {
                dropped.nowhere += log.entries.len();
                continue;
            };
            for entry in log.entries {
                if entry.caller.is_none() && self.is_noise(*id, &entry) {
                    dropped.noise += 1;
                } else {
                    by_workspace.entry(*id).or_default().push(entry);
                }
            }
        }
        let stored = by_workspace.into_iter().map(async |(id, entries)| {
            let scope = ctx.credential().scope(Some(id))?;
            let exists = store::insert(&self.database.scoped(&scope), &entries).await?;
            Ok::<_, TenantError>(if exists { 0 } else { entries.len() })
        });
        let lost: Vec<usize> = futures::stream::iter(stored).buffer_unordered(AT_ONCE).try_collect().await?;
        dropped.nowhere += lost.iter().sum::<usize>();
        Ok(dropped)
    }

    fn is_noise(&self, id: WorkspaceId, entry: &LogEntry) -> bool {
        let key = (id, entry.reason.clone());
        let heard = self.heard.contains_key(&key);
        if !heard {
            self.heard.insert(key, ());
        }
        heard
    }

    /// A page of a workspace's log, newest first.
    pub(crate) async fn list(
        &self,
        ctx: &CallContext,
        wanted: &Wanted,
    ) -> Result<Vec<LogEntry>, TenantError> {
        let scope = ctx.scope()?;
        let mut tx = self.database.scoped(&scope).begin().await?;
        authority::of(ctx, &mut tx).await?;
        let entries = store::list(&mut tx, wanted).await?;
        tx.commit().await?;
        Ok(entries)
    }
}
