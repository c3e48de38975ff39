//! Reading the change log.

use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_store::{Database, ScopedDatabase};

use crate::error::IdentityError;
use crate::store::seats;

/// Opens the change log after a position.
///
/// # Errors
/// The position is negative, or beyond the end of the log.
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
    // Position 0 is never beyond the end.
    if after > 0 {
        let last = seats::read(&database).await?.change_sequence;
        if after > last {
            return Err(IdentityError::BeyondTheLog { after, last });
        }
    }
    Ok(database)
}
