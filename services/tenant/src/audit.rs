//! The audit log: what admins and operators did. An entry is written in the transaction of its action, so that
//! neither exists without the other. It contains no secrets.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;
use usher_base::id::EventId;
use usher_base::{CallContext, Denied, Permission};
use usher_store::Database;

use crate::attempts::NOWHERE;
use crate::authority;
use crate::error::TenantError;
use crate::methods::ADMIN;
use crate::signer::Signer;
use crate::store::audit;

/// The kind of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    CreatePlan,
    CreateWorkspace,
    UpdateWorkspace,
    ApproveDomain,
    RemoveDomain,
    CreateAdmin,
    UpdateAdmin,
    DeleteAdmin,
    SetPassword,
    EndSessions,
    SignIn,
    CreateApp,
    UpdateApp,
    DeleteApp,
    CreateToken,
    RevokeToken,
    RotateSigningKey,
    RevokeSigningKey,
    CreateServiceKey,
    RetireServiceKeys,
    RevokeServiceKey,
}

impl Action {
    /// The stored form, which is also displayed.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::CreatePlan => "plan.create",
            Self::CreateWorkspace => "workspace.create",
            Self::UpdateWorkspace => "workspace.update",
            Self::ApproveDomain => "domain.approve",
            Self::RemoveDomain => "domain.remove",
            Self::CreateAdmin => "admin.create",
            Self::UpdateAdmin => "admin.update",
            Self::DeleteAdmin => "admin.delete",
            Self::SetPassword => "admin.set_password",
            Self::EndSessions => "admin.end_sessions",
            Self::SignIn => "admin.sign_in",
            Self::CreateApp => "app.create",
            Self::UpdateApp => "app.update",
            Self::DeleteApp => "app.delete",
            Self::CreateToken => "token.create",
            Self::RevokeToken => "token.revoke",
            Self::RotateSigningKey => "signing_key.rotate",
            Self::RevokeSigningKey => "signing_key.revoke",
            Self::CreateServiceKey => "service_key.create",
            Self::RetireServiceKeys => "service_key.retire",
            Self::RevokeServiceKey => "service_key.revoke",
        }
    }
}

/// An audit entry.
#[derive(Clone, Debug)]
pub(crate) struct AuditEntry {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) request_id: String,
    pub(crate) detail: Value,
}

impl AuditEntry {
    /// The entry for an action of a call.
    pub(crate) fn new(
        ctx: &CallContext,
        action: Action,
        target: &(impl fmt::Display + ?Sized),
        detail: Value,
    ) -> Self {
        Self {
            id: EventId::new(ctx.clock()),
            at: ctx.now(),
            actor: ctx.actor().to_string(),
            action: action.as_str().to_owned(),
            target: target.to_string(),
            request_id: ctx.request_id().to_owned(),
            detail,
        }
    }
}

/// A page of entries, newest first: those of the call's workspace; without a workspace, those of operators' actions
/// on the installation.
pub(crate) async fn list(
    database: &Database,
    signer: &Signer,
    ctx: &CallContext,
    before: Option<EventId>,
    max: u32,
) -> Result<Vec<AuditEntry>, TenantError> {
    let scope = match ctx.scope_with_any(ADMIN) {
        Err(Denied::WorkspaceMissing) => {
            ctx.require(Permission::TenantAdmin)?;
            signer.own_scope(NOWHERE).await?
        }
        scope => scope?,
    };
    let mut tx = database.scoped(&scope).begin().await?;
    authority::get(ctx, &mut tx).await?;
    let entries = audit::list(&mut tx, before, max).await?;
    tx.commit().await?;
    Ok(entries)
}
