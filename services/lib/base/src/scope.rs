//! The proof that a caller has a permission in one workspace.

use jiff::Timestamp;

use crate::actor::Actor;
use crate::clock::Clock;
use crate::context::CallContext;
use crate::credential::Denied;
use crate::id::WorkspaceId;
use crate::permission::Permission;

/// One workspace in which the caller has the permission that was named for it. Storage can't be opened without it, and
/// only the functions of [`CallContext`] in this file create one, so that no rule can forget its permission.
#[derive(Clone, Debug)]
pub struct TenantScope {
    workspace: WorkspaceId,
    ctx: CallContext,
}

impl CallContext {
    /// The scope of the workspace that the call is for, if the caller has a permission.
    ///
    /// # Errors
    /// The credential does not have the permission, is bound to another workspace than the requested one, or no
    /// workspace is known at all.
    pub fn scope(&self, permission: Permission) -> Result<TenantScope, Denied> {
        self.require(permission)?;
        Ok(self.prove(self.workspace()?))
    }

    /// Like [`CallContext::scope`], where any one of some permissions is sufficient.
    ///
    /// # Errors
    /// As for [`CallContext::scope`]. The error names the first permission.
    pub fn scope_with_any<const N: usize>(&self, sufficient: [Permission; N]) -> Result<TenantScope, Denied> {
        self.require_any(sufficient)?;
        Ok(self.prove(self.workspace()?))
    }

    /// Like [`CallContext::scope`], for a workspace that the message or a table names. The caller is mostly a service
    /// or an operator, whose credential is valid for all workspaces.
    ///
    /// # Errors
    /// The credential does not have the permission, or is bound to another workspace.
    pub fn scope_in(&self, workspace: WorkspaceId, permission: Permission) -> Result<TenantScope, Denied> {
        self.require(permission)?;
        Ok(self.prove(self.credential().workspace_of(Some(workspace))?))
    }

    /// Like [`CallContext::scope_in`], where any one of some permissions is sufficient.
    ///
    /// # Errors
    /// As for [`CallContext::scope_in`]. The error names the first permission.
    pub fn scope_in_with_any<const N: usize>(
        &self,
        workspace: WorkspaceId,
        sufficient: [Permission; N],
    ) -> Result<TenantScope, Denied> {
        self.require_any(sufficient)?;
        Ok(self.prove(self.credential().workspace_of(Some(workspace))?))
    }

    fn prove(&self, workspace: WorkspaceId) -> TenantScope {
        TenantScope { workspace, ctx: self.clone() }
    }
}

impl TenantScope {
    /// The workspace.
    pub const fn workspace_id(&self) -> WorkspaceId {
        self.workspace
    }

    /// Whether a service is the caller, and not somebody of the workspace. Work of services does not count towards
    /// the workspace's share of resources; otherwise a workspace could block work that is done about it.
    pub fn is_for_service(&self) -> bool {
        matches!(self.actor(), Actor::Service(_))
    }

    /// The call that it was made for.
    pub const fn ctx(&self) -> &CallContext {
        &self.ctx
    }

    /// The caller.
    pub fn actor(&self) -> &Actor {
        self.ctx.actor()
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.ctx.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        self.ctx.clock()
    }

    /// The request's id, which is the same in the logs of all services.
    pub fn request_id(&self) -> &str {
        self.ctx.request_id()
    }
}
