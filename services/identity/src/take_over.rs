//! A successor app takes people and groups over, with their `externalId`s.

use usher_base::id::AppId;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;

use crate::error::IdentityError;
use crate::store::take_over as store;
use crate::users::Users;

/// The most users and groups that are handed over in one call.
const MOST: i32 = 500;

/// What was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenOver {
    pub(crate) users: i32,
    pub(crate) groups: i32,
    pub(crate) more: bool,
}

/// Hands some users and groups of an app over to another of the workspace, and at the end users who were deleted, so that they come back
/// as who they were. Each has an entry of the change log; no seat changes.
pub(crate) async fn take_over(
    users: &Users,
    ctx: &CallContext,
    from: AppId,
    to: AppId,
) -> Result<TakenOver, IdentityError> {
    ctx.require(Permission::TenantAdmin)?;
    if from == to {
        return Err(invalid("to_app_id", "it must be another app than from_app_id").into());
    }
    let scope = ctx.scope()?;
    if !users.policies.has_app(ctx, to).await? {
        return Err(invalid("to_app_id", "the workspace has no such app; see usher admin app list").into());
    }
    Ok(store::take_over(&users.database.scoped(&scope), ctx, from, to, MOST).await?)
}
