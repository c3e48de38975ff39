//! The change log, as it is read.

use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_store::{Database, ScopedDatabase};

use crate::error::IdentityError;
use crate::store::seats;

/// The caller's change log from a position on.
///
/// # Errors
/// The position is none, or beyond the log's end.
pub(crate) async fn open(
    database: &Database,
    ctx: &CallContext,
    after: i64,
) -> Result<ScopedDatabase, IdentityError> {
    ctx.require(Permission::ChangesRead)?;
    let database = database.scoped(&ctx.scope()?);
    if after < 0 {
        return Err(invalid("after_sequence", "it is negative").into());
    }
    // The beginning is never beyond the end.
    if after > 0 {
        let last = seats::read(&database).await?.change_sequence;
        if after > last {
            return Err(IdentityError::BeyondTheLog { after, last });
        }
    }
    Ok(database)
}
