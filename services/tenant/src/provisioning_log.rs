//! The rules of the provisioning log: what identity providers tried, and what came of it.

use std::time::Duration;

use jiff::Timestamp;
use usher_base::id::{AppId, LogEntryId, TokenId};
use usher_base::{CallContext, Clock, Permission};
use usher_rpc::Tasks;
use usher_store::Database;

use crate::access::Access;
use crate::authority;
use crate::error::TenantError;
use crate::store::provisioning_log as store;

/// How often old entries are looked for.
const EXPIRE: Duration = Duration::from_mins(10);
/// Most entries deleted in one statement.
const BATCH: i32 = 5_000;

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

/// Appends entries to a workspace's log.
pub(crate) async fn append(
    database: &Database,
    access: &Access,
    ctx: &CallContext,
    workspace: &str,
    entries: &[LogEntry],
) -> Result<(), TenantError> {
    ctx.require(Permission::AccessCheck)?;
    let id = access
        .resolve(workspace)
        .await?
        .ok_or_else(|| TenantError::NotFound { what: "workspace", name: workspace.to_owned() })?;
    let scope = ctx.credential().scope(Some(id))?;
    Ok(store::insert(&database.scoped(&scope), entries).await?)
}

/// A page of the log, newest first.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
    wanted: &Wanted,
) -> Result<Vec<LogEntry>, TenantError> {
    let scope = ctx.scope()?;
    let mut tx = database.scoped(&scope).begin().await?;
    authority::of(ctx, &mut tx).await?;
    let entries = store::list(&mut tx, wanted).await?;
    tx.commit().await?;
    Ok(entries)
}

/// Deletes what is older than the retention, until the stop is asked for.
pub(crate) async fn expire(database: Database, clock: Clock, retention: Duration, tasks: Tasks) {
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(EXPIRE) => {}
        }
        let Ok(before) = clock.now().checked_sub(retention) else { continue };
        loop {
            match store::expire(&database, before, BATCH).await {
                Ok(deleted) if deleted >= i64::from(BATCH) && !tasks.is_stopping() => {}
                Ok(_) => break,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "old entries of the provisioning log were not deleted");
                    break;
                }
            }
        }
    }
}
