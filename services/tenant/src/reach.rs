//! How far an integration's key reaches: chosen scopes, perhaps in one workspace only.

use std::collections::BTreeSet;

use usher_base::id::WorkspaceId;
use usher_base::{Actor, Audience, CallContext, Permission};
use usher_rpc::convert::{invalid, missing};
use uuid::Uuid;

use crate::error::TenantError;
use crate::signer::{Grant, SHORT};

/// What can be chosen; the rest is between Usher's own services, or an admin's. Changes of billing can't: a correction
/// needs two operators, and with such a key one operator could be both.
pub(crate) const CHOOSABLE: [Permission; 6] = [
    Permission::UsersRead,
    Permission::UsersWrite,
    Permission::ChangesRead,
    Permission::SeatsRead,
    Permission::BillingRead,
    Permission::TenantAdmin,
];

/// Scopes, and where they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    permissions: BTreeSet<Permission>,
    workspace: Option<WorkspaceId>,
}

impl Reach {
    /// The scopes of these names, in one workspace or in all. No one gives a scope that they don't hold.
    pub(crate) fn choose(
        ctx: &CallContext,
        scopes: &[String],
        workspace: Option<WorkspaceId>,
    ) -> Result<Self, TenantError> {
        let mut permissions = BTreeSet::new();
        for name in scopes {
            let permission = choosable(name).ok_or_else(|| {
                let known = CHOOSABLE.map(Permission::as_str).join(", ");
                invalid("scopes", format!("a scope is one of {known}"))
            })?;
            ctx.require(permission)?;
            permissions.insert(permission);
        }
        if permissions.is_empty() {
            return Err(missing("scopes").into());
        }
        if workspace.is_some() && permissions.contains(&Permission::TenantAdmin) {
            let fault = "tenant.admin is for all workspaces; give the key other scopes, or no workspace";
            return Err(invalid("scopes", fault).into());
        }
        Ok(Self { permissions, workspace })
    }

    /// As stored. A scope that this version does not know permits nothing.
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

    /// What a credential for the key of a name permits.
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
