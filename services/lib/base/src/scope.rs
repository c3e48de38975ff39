//! The proof that a caller may touch one workspace's data.

use crate::id::WorkspaceId;

/// One workspace, as verified. Storage opens nothing without it, and the only way to one is
/// [`Credential::scope`](crate::credential::Credential::scope).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope {
    workspace: WorkspaceId,
}

impl TenantScope {
    pub(crate) const fn verified(workspace: WorkspaceId) -> Self {
        Self { workspace }
    }

    /// The workspace.
    pub const fn workspace_id(&self) -> WorkspaceId {
        self.workspace
    }
}
