//! What the caller may do in a workspace: operators may do everything, signed-in admins what their row permits at
//! present.

use usher_base::{Actor, CallContext, Denied, Permission};
use usher_store::TenantTx;

use crate::admins::{Admin, AdminPermission};
use crate::error::TenantError;
use crate::methods::ADMIN;
use crate::store::admins;

/// The caller, with current permissions.
#[derive(Debug)]
pub(crate) enum Authority {
    /// An operator of the installation.
    Operator,
    /// An admin of the workspace as stored now, so that a removed permission has no further effect.
    Admin(Box<Admin>),
}

impl Authority {
    /// Whether the caller has a permission.
    pub(crate) fn holds(&self, permission: AdminPermission) -> bool {
        match self {
            Self::Operator => true,
            Self::Admin(admin) => admin.permissions.contains(&permission),
        }
    }
}

/// Reads the caller's current permissions.
pub(crate) async fn get(ctx: &CallContext, tx: &mut TenantTx) -> Result<Authority, TenantError> {
    ctx.require_any(ADMIN)?;
    if ctx.credential().permits(Permission::TenantAdmin) {
        return Ok(Authority::Operator);
    }
    let Actor::Admin(id) = ctx.actor() else {
        return Err(Denied::Permission(Permission::TenantAdmin).into());
    };
    // The session of a deleted admin has ended too.
    let admin = admins::find(tx, *id).await?.ok_or(TenantError::SessionEnded)?;
    let issued = ctx.credential().issued_at();
    if admin.sessions_ended_at.is_some_and(|ended| issued <= ended.as_second()) {
        return Err(TenantError::SessionEnded);
    }
    Ok(Authority::Admin(Box::new(admin)))
}

/// Like [`get`], and requires a permission.
pub(crate) async fn require(
    ctx: &CallContext,
    tx: &mut TenantTx,
    permission: AdminPermission,
) -> Result<Authority, TenantError> {
    let authority = get(ctx, tx).await?;
    if authority.holds(permission) {
        Ok(authority)
    } else {
        Err(TenantError::PermissionNeeded(permission.title()))
    }
}
