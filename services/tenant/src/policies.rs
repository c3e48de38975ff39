//! What identity must know of a workspace to judge writes.

use usher_base::id::{AppId, WorkspaceId};
use usher_base::{CallContext, Denied, Permission};
use usher_store::Database;

use crate::domains::ApprovedDomain;
use crate::error::TenantError;
use crate::store::{apps, domains, workspaces};
use crate::workspaces::Workspace;

/// Workspace and domains, as of one version.
pub(crate) struct Policy {
    pub(crate) workspace: Workspace,
    pub(crate) domains: Vec<ApprovedDomain>,
}

/// Reads the policy of the workspace that the call is for.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Policy, TenantError> {
    ctx.require(Permission::PoliciesRead)?;
    let scope = ctx.scope()?;
    let mut tx = database.scoped(&scope).begin().await?;
    // The version first: domains that commit in between are newer than it says, and are read again.
    let workspace = workspaces::find(&mut tx)
        .await?
        .ok_or_else(|| TenantError::NotFound { what: "workspace", name: scope.workspace_id().to_string() })?;
    let domains = domains::list(&mut tx).await?;
    tx.commit().await?;
    Ok(Policy { workspace, domains })
}

/// Which of some workspaces are suspended.
pub(crate) async fn suspended(
    database: &Database,
    ctx: &CallContext,
    ids: &[WorkspaceId],
) -> Result<Vec<WorkspaceId>, TenantError> {
    ctx.require(Permission::PoliciesRead)?;
    if ctx.credential().workspace().is_some() {
        return Err(Denied::OtherWorkspace.into());
    }
    Ok(workspaces::suspended(database, ids).await?)
}

/// Whether the workspace that the call is for has an app.
pub(crate) async fn has_app(database: &Database, ctx: &CallContext, id: AppId) -> Result<bool, TenantError> {
    ctx.require(Permission::PoliciesRead)?;
    let mut tx = database.scoped(&ctx.scope()?).begin().await?;
    let found = apps::exists(&mut tx, id).await?;
    tx.commit().await?;
    Ok(found)
}
