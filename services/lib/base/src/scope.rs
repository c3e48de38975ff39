//! The proof that a caller may access the data of one workspace.

use crate::id::WorkspaceId;

/// One verified workspace. Storage can't be opened without it, and only
/// [`Credential::scope`](crate::credential::Credential::scope) creates one.
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

    /// Whether a service is the caller, and not somebody of the workspace. Work of services does not count towards
    /// the workspace's share of resources; otherwise a workspace could block work that is done about it.
    pub const fn is_for_service(&self) -> bool {
        self.for_service
    }
}
