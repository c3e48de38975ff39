//! Deletes all users of a workspace.

use usher_base::{CallContext, Permission};

use crate::error::IdentityError;
use crate::store::users;
use crate::users::Users;

/// The maximum number of users to delete per call.
const MAX_BATCH: i64 = 500;

/// The number of deleted users, and whether any are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) users: i32,
    pub(crate) more: bool,
}

/// Deletes some users, the oldest first, each like a separate request: with its own seat event, and leaving nothing
/// of the person except what recognises a returner.
pub(crate) async fn erase(users: &Users, ctx: &CallContext) -> Result<Erased, IdentityError> {
    let found =
        users::oldest(&users.database.scoped(&ctx.scope(Permission::TenantAdmin)?), MAX_BATCH + 1).await?;
    let mut erased =
        Erased { users: 0, more: i64::try_from(found.len()).is_ok_and(|found| found > MAX_BATCH) };
    for id in found.into_iter().take(usize::try_from(MAX_BATCH).unwrap_or_default()) {
        match users.delete(ctx, &id.to_string(), &[]).await {
            Ok(()) => erased.users += 1,
            // The user was deleted in the meantime.
            Err(IdentityError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(erased)
}
