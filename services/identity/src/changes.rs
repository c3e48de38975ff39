//! Reading the change log.

use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_store::{Database, ScopedDatabase};

use crate::error::IdentityError;
use crate::store::changes::{self, Page};
use crate::store::seats;

/// The change log of a workspace after a position.
pub(crate) struct ChangeLog {
    pub(crate) workspace: WorkspaceId,
    pub(crate) database: ScopedDatabase,
    /// The number of the last entry that the caller has.
    pub(crate) after: i64,
}

impl ChangeLog {
    /// Opens the change log of the caller's workspace after a position.
    ///
    /// # Errors
    /// The position is negative, or beyond the end of the log.
    pub(crate) async fn open(
        database: &Database,
        ctx: &CallContext,
        after: i64,
    ) -> Result<Self, IdentityError> {
        let scope = ctx.scope(Permission::ChangesRead)?;
        let database = database.scoped(&scope);
        if after < 0 {
            return Err(invalid("after_sequence", "it is negative").into());
        }
        // Position 0 is never beyond the end.
        if after > 0 {
            let last = seats::read(&database).await?.change_sequence;
            if after > last {
                return Err(IdentityError::BeyondTheLog { after, last });
            }
        }
        Ok(Self { workspace: scope.workspace_id(), database, after })
    }

    /// The first entries, at most `max`.
    pub(crate) async fn page(&self, max: u32) -> Result<Page, IdentityError> {
        Ok(changes::after(&self.database, self.after, max).await?)
    }
}
