//! The end of a workspace: everybody in it is deleted.

use usher_base::{CallContext, Permission};

use crate::error::IdentityError;
use crate::store::users as store;
use crate::users::Users;

/// The most users that are deleted in one call.
const MOST: i64 = 500;

/// What was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) users: i32,
    pub(crate) more: bool,
}

/// Deletes some users, the oldest first, each as if it were asked for by itself: a seat event each, and
/// nothing left of the person but what tells a returner.
pub(crate) async fn erase(users: &Users, ctx: &CallContext) -> Result<Erased, IdentityError> {
    ctx.require(Permission::TenantAdmin)?;
    let found = store::oldest(&users.database.scoped(&ctx.scope()?), MOST + 1).await?;
    let mut erased = Erased { users: 0, more: i64::try_from(found.len()).is_ok_and(|found| found > MOST) };
    for id in found.into_iter().take(usize::try_from(MOST).unwrap_or_default()) {
        match users.delete(ctx, &id.to_string(), &[]).await {
            Ok(()) => erased.users += 1,
            // Somebody else deleted it meanwhile.
            Err(IdentityError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(erased)
}
