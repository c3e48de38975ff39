//! What is wrong with single workspaces while all of them are worked on.

use usher_base::id::WorkspaceId;
use usher_store::{Database, Error};

use super::RelayError;

/// The first fault of a pass over the workspaces.
#[derive(Debug, Default)]
pub(super) struct Faults(Option<Error>);

impl Faults {
    /// Notes what is wrong with one workspace, so that the others go on.
    ///
    /// # Errors
    /// The database does not answer, so it is wrong with all of them.
    pub(super) async fn met(
        &mut self,
        database: &Database,
        workspace: WorkspaceId,
        error: Error,
    ) -> Result<(), RelayError> {
        database.ping().await?;
        tracing::error!(
            %workspace,
            error = &error as &dyn std::error::Error,
            "this workspace waits and is tried again; the others go on"
        );
        self.0.get_or_insert(error);
        Ok(())
    }

    /// Ends the pass.
    ///
    /// # Errors
    /// What was wrong with the first workspace that something was wrong with.
    pub(super) fn told(self) -> Result<(), RelayError> {
        self.0.map_or(Ok(()), |error| Err(error.into()))
    }
}
