//! The scopes of an integration's service key, which may be limited to one workspace.

use std::collections::BTreeSet;

use usher_base::id::WorkspaceId;
use usher_base::{Actor, Audience, CallContext, Permission};
use usher_rpc::convert::{invalid, missing};
use uuid::Uuid;

use crate::error::TenantError;
use crate::signer::{Grant, SHORT};

/// The scopes that can be chosen. The others are used between Usher's own services, or by admins. Changes in billing
/// can't be chosen: a correction requires two operators, and with such a key one operator could act as both.
pub(crate) const CHOOSABLE: [Permission; 6] = [
    Permission::UsersRead,
    Permission::UsersWrite,
    Permission::ChangesRead,
    Permission::SeatsRead,
    Permission::BillingRead,
    Permission::TenantAdmin,
];

/// Scopes, and the workspace that they are limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    permissions: BTreeSet<Permission>,
    workspace: Option<WorkspaceId>,
}

impl Reach {
    /// Parses chosen scopes, for one workspace or for all. Nobody can give a scope that they don't have.
    pub(crate) fn choose(
        ctx: &CallContext,
        scopes: &[String],
        workspace: Option<WorkspaceId>,
    ) -> Result<Self, TenantError> {
        let mut permissions = BTreeSet::new();
        for name in scopes {
            let permission = choosable(name).ok_or_else(|| {
                let known = CHOOSABLE.map(Permission::as_str).join(", ");
                invalid("scopes", format!("a scope must be one of {known}"))
            })?;
            ctx.require(permission)?;
            permissions.insert(permission);
        }
        if permissions.is_empty() {
            return Err(missing("scopes").into());
        }
        if workspace.is_some() && permissions.contains(&Permission::TenantAdmin) {
            let fault = "tenant.admin applies to all workspaces; give the key other scopes, or no workspace";
            return Err(invalid("scopes", fault).into());
        }
        Ok(Self { permissions, workspace })
    }

    /// From the stored columns. A scope that is unknown to this version permits nothing.
    pub(crate) fn read(scopes: &[String], workspace: Option<Uuid>) -> Self {
        Self {
            permissions: scopes.iter().filter_map(|name| choosable(name)).collect(),
            workspace: workspace.map(WorkspaceId::from_uuid),
        }
    }

    /// The names of the scopes.
    pub(crate) fn scopes(&self) -> Vec<String> {
        names(&self.permissions)
    }

    /// The permissions of credentials for a key with this name.
    pub(crate) fn grant(self, name: &str) -> Grant {
        Grant {
            actor: Actor::Operator(name.to_owned()),
            audiences: vec![Audience::Tenant, Audience::Identity, Audience::Billing],
            workspace: self.workspace,
            permissions: self.permissions,
            policy_version: None,
            life: SHORT,
            after: None,
            key: None,
        }
    }
}

/// The names of permissions.
pub(crate) fn names(permissions: &BTreeSet<Permission>) -> Vec<String> {
    permissions.iter().map(|permission| permission.as_str().to_owned()).collect()
}

fn choosable(name: &str) -> Option<Permission> {
    CHOOSABLE.into_iter().find(|permission| permission.as_str() == name)
}
