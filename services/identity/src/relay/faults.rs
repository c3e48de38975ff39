//! Errors of single workspaces, while all workspaces are processed.

use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_store::Database;

use super::RelayError;

/// Logs the error of one workspace.
///
/// # Errors
/// The identity database or billing is unavailable, which affects all workspaces.
pub(super) async fn note(
    database: &Database,
    workspace: WorkspaceId,
    error: RelayError,
) -> Result<RelayError, RelayError> {
    match &error {
        RelayError::Call(failure) if failure.reason != Reason::Unavailable => {}
        RelayError::Store(_) => database.ping().await?,
        _ => return Err(error),
    }
    tracing::error!(
        %workspace,
        error = &error as &dyn std::error::Error,
        "this workspace is retried later; the others are not affected"
    );
    Ok(error)
}

/// The first error of a pass over the workspaces.
#[derive(Debug, Default)]
pub(super) struct Faults(Option<RelayError>);

impl Faults {
    /// Records the error of one workspace, so that the others continue.
    ///
    /// # Errors
    /// The identity database or billing is unavailable, which affects all workspaces.
    pub(super) async fn met(
        &mut self,
        database: &Database,
        workspace: WorkspaceId,
        error: impl Into<RelayError>,
    ) -> Result<(), RelayError> {
        self.0.get_or_insert(note(database, workspace, error.into()).await?);
        Ok(())
    }

    /// Ends the pass.
    ///
    /// # Errors
    /// The first error of a workspace.
    pub(super) fn into_result(self) -> Result<(), RelayError> {
        self.0.map_or(Ok(()), Err)
    }
}
