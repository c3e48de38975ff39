//! Who may do what in a workspace: operators everything, signed-in admins what their row says now.

use usher_base::{Actor, CallContext, Denied, Permission};
use usher_store::TenantTx;

use crate::admins::{Admin, AdminPermission};
use crate::error::TenantError;
use crate::store::admins as store;

/// Who acts on a workspace, as judged.
#[derive(Debug)]
pub(crate) enum Authority {
    /// Somebody who runs Usher.
    Operator,
    /// One of the workspace's admins, as stored now: a permission taken away is gone at once.
    Admin(Box<Admin>),
}

impl Authority {
    /// Whether a permission is held.
    pub(crate) fn holds(&self, permission: AdminPermission) -> bool {
        match self {
            Self::Operator => true,
            Self::Admin(admin) => admin.permissions.contains(&permission),
        }
    }
}

/// Asks that the caller is an operator or an admin of the workspace it is bound to.
pub(crate) fn require_admin(ctx: &CallContext) -> Result<(), TenantError> {
    if ctx.credential().permits(Permission::TenantAdmin) {
        return Ok(());
    }
    Ok(ctx.require(Permission::WorkspaceAdmin)?)
}

/// Finds out who acts.
pub(crate) async fn of(ctx: &CallContext, tx: &mut TenantTx) -> Result<Authority, TenantError> {
    require_admin(ctx)?;
    if ctx.credential().permits(Permission::TenantAdmin) {
        return Ok(Authority::Operator);
    }
    let Actor::Admin(id) = ctx.actor() else {
        return Err(Denied::Permission(Permission::TenantAdmin).into());
    };
    // A deleted admin's session has ended like one that was ended.
    let admin = store::find(tx, *id).await?.ok_or(TenantError::SessionEnded)?;
    let issued = ctx.credential().issued_at();
    if admin.sessions_ended_at.is_some_and(|ended| issued <= ended.as_second()) {
        return Err(TenantError::SessionEnded);
    }
    Ok(Authority::Admin(Box::new(admin)))
}

/// As `of`, and asks for a permission.
pub(crate) async fn with(
    ctx: &CallContext,
    tx: &mut TenantTx,
    permission: AdminPermission,
) -> Result<Authority, TenantError> {
    let authority = of(ctx, tx).await?;
    if authority.holds(permission) {
        Ok(authority)
    } else {
        Err(TenantError::PermissionNeeded(permission.title()))
    }
}
