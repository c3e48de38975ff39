//! What is wrong with single workspaces while all of them are worked on.

use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_store::Database;

use super::RelayError;

/// Logs what is wrong with one workspace.
///
/// # Errors
/// The identity database or billing does not answer, so it is wrong with all of them.
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
        "this workspace waits and is tried again; the others go on"
    );
    Ok(error)
}

/// The first fault of a pass over the workspaces.
#[derive(Debug, Default)]
pub(super) struct Faults(Option<RelayError>);

impl Faults {
    /// Notes what is wrong with one workspace, so that the others go on.
    ///
    /// # Errors
    /// The identity database or billing does not answer, so it is wrong with all of them.
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
    /// What was wrong with the first workspace that something was wrong with.
    pub(super) fn told(self) -> Result<(), RelayError> {
        self.0.map_or(Ok(()), Err)
    }
}
