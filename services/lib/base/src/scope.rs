//! The proof that a caller may touch one workspace's data.

use crate::id::WorkspaceId;

/// One workspace, as verified. Storage opens nothing without it, and the only way to one is
/// [`Credential::scope`](crate::credential::Credential::scope).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope {
    workspace: WorkspaceId,
    for_service: bool,
}

impl TenantScope {
    pub(crate) const fn verified(workspace: WorkspaceId, for_service: bool) -> Self {
        Self { workspace, for_service }
    }

    /// The workspace.
    pub const fn workspace_id(&self) -> WorkspaceId {
        self.workspace
    }

    /// Whether it was a service that proved it, not somebody of the workspace: what it does is not counted against
    /// what the workspace may have under way, or a workspace could stop what is done about it.
    pub const fn is_for_service(&self) -> bool {
        self.for_service
    }
}
