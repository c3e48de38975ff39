//! What identity must know about a workspace before it accepts writes.

use usher_base::id::{AppId, WorkspaceId};
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::domains::ApprovedDomain;
use crate::error::TenantError;
use crate::store::{apps, domains, workspaces};
use crate::workspaces::Workspace;

/// The workspace and its domains in one version.
pub(crate) struct Policy {
    pub(crate) workspace: Workspace,
    pub(crate) domains: Vec<ApprovedDomain>,
}

/// Reads the policy of the call's workspace.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Policy, TenantError> {
    let scope = ctx.scope(Permission::PoliciesRead)?;
    let mut tx = database.scoped(&scope).begin().await?;
    // The version is read first. Domains that are committed in between are then newer than the version, and will be
    // read again.
    let workspace = workspaces::find(&mut tx)
        .await?
        .ok_or_else(|| TenantError::NotFound { what: "workspace", name: scope.workspace_id().to_string() })?;
    let domains = domains::list(&mut tx).await?;
    tx.commit().await?;
    Ok(Policy { workspace, domains })
}

/// Returns which of some workspaces are suspended.
pub(crate) async fn suspended(
    database: &Database,
    ctx: &CallContext,
    ids: &[WorkspaceId],
) -> Result<Vec<WorkspaceId>, TenantError> {
    ctx.require(Permission::PoliciesRead)?;
    ctx.credential().require_unbound()?;
    Ok(workspaces::suspended(database, ids).await?)
}

/// Whether the call's workspace has an app.
pub(crate) async fn has_app(database: &Database, ctx: &CallContext, id: AppId) -> Result<bool, TenantError> {
    let mut tx = database.scoped(&ctx.scope(Permission::PoliciesRead)?).begin().await?;
    let found = apps::exists(&mut tx, id).await?;
    tx.commit().await?;
    Ok(found)
}
