//! Reading the seat counters.

use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::IdentityError;
use crate::store::seats::{self, Seats};

/// Reads the counters of the caller's workspace.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Seats, IdentityError> {
    Ok(seats::read(&database.scoped(&ctx.scope(Permission::SeatsRead)?)).await?)
}
