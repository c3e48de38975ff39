//! Transfers users and groups to a successor app, with their `externalId` values.

use usher_base::id::AppId;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;

use crate::error::IdentityError;
use crate::store::take_over;
use crate::users::Users;

/// The maximum number of users and groups to transfer per call.
const MAX_BATCH: i32 = 500;

/// The number of transferred resources, and whether any are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenOver {
    pub(crate) users: i32,
    pub(crate) groups: i32,
    pub(crate) more: bool,
}

/// Transfers some users and groups of an app to another app of the workspace, and at last deleted users, so that they
/// can return with their identity. Each gets a change log entry; seats do not change.
pub(crate) async fn take_over(
    users: &Users,
    ctx: &CallContext,
    from: AppId,
    to: AppId,
) -> Result<TakenOver, IdentityError> {
    let scope = ctx.scope(Permission::TenantAdmin)?;
    if from == to {
        return Err(invalid("to_app_id", "it must be another app than from_app_id").into());
    }
    if !users.policies.has_app(&scope, to).await? {
        return Err(invalid("to_app_id", "the workspace has no such app; see usher admin app list").into());
    }
    Ok(take_over::take_over(&users.database.scoped(&scope), ctx, from, to, MAX_BATCH).await?)
}
