//! A workspace's admins.

use std::collections::BTreeSet;

use jiff::Timestamp;
use usher_base::domain::email_domain;
use usher_base::id::AdminId;
use usher_base::{Actor, Audience, CallContext, Clock, Permission};
use usher_rpc::convert::invalid;
use usher_store::Database;

use crate::attempts;
use crate::authority::{self, Authority};
use crate::error::TenantError;
use crate::hashing::Hasher;
use crate::signer::{Grant, LONG, Signed, Signer};
use crate::store::admins as store;
use crate::workspaces;

/// What an admin may do beyond administering people and domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AdminPermission {
    /// Create apps and tokens.
    ConfigureAdvancedSecuritySettings,
}

impl AdminPermission {
    const ALL: [Self; 1] = [Self::ConfigureAdvancedSecuritySettings];

    /// As stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigureAdvancedSecuritySettings => "configure_advanced_security_settings",
        }
    }

    /// For people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::ConfigureAdvancedSecuritySettings => "Configure advanced security settings",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == name)
    }
}

/// An admin.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) id: AdminId,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) permissions: BTreeSet<AdminPermission>,
    pub(crate) created_at: Timestamp,
}

/// What the rules of admins need.
#[derive(Clone)]
pub(crate) struct Admins {
    pub(crate) database: Database,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Signer,
    pub(crate) clock: Clock,
}

impl Admins {
    /// Creates an admin. Nobody gives a permission that they don't hold.
    pub(crate) async fn create(
        &self,
        ctx: &CallContext,
        email: String,
        password: &str,
        permissions: BTreeSet<AdminPermission>,
    ) -> Result<Admin, TenantError> {
        authority::require_admin(ctx)?;
        let scope = ctx.scope()?;
        email_domain(&email).map_err(|error| invalid("email", error))?;
        check_password(password)?;
        let password_hash = self.hasher.hash(password.as_bytes()).await?;
        let admin =
            Admin { id: AdminId::new(ctx.clock()), email, password_hash, permissions, created_at: ctx.now() };
        let mut tx = self.database.scoped(&scope).begin().await?;
        let authority = authority::of(ctx, &mut tx).await?;
        check_grant(&authority, &admin.permissions)?;
        if crate::store::workspaces::find(&mut tx).await?.is_none() {
            return Err(TenantError::NotFound { what: "workspace", name: scope.workspace_id().to_string() });
        }
        store::insert(&mut tx, &admin).await?;
        tx.commit().await?;
        Ok(admin)
    }

    /// The admins, by address.
    pub(crate) async fn list(&self, ctx: &CallContext) -> Result<Vec<Admin>, TenantError> {
        let scope = ctx.scope()?;
        let mut tx = self.database.scoped(&scope).begin().await?;
        authority::of(ctx, &mut tx).await?;
        let admins = store::list(&mut tx).await?;
        tx.commit().await?;
        Ok(admins)
    }

    /// Sets an admin's permissions.
    pub(crate) async fn update(
        &self,
        ctx: &CallContext,
        id: AdminId,
        permissions: BTreeSet<AdminPermission>,
    ) -> Result<Admin, TenantError> {
        let scope = ctx.scope()?;
        let mut tx = self.database.scoped(&scope).begin().await?;
        let authority = authority::of(ctx, &mut tx).await?;
        check_grant(&authority, &permissions)?;
        let mut admin = store::find(&mut tx, id)
            .await?
            .ok_or_else(|| TenantError::NotFound { what: "admin", name: id.to_string() })?;
        admin.permissions = permissions;
        store::update(&mut tx, &admin).await?;
        tx.commit().await?;
        Ok(admin)
    }

    /// Checks a password and signs a credential for the admin. Unknown workspaces and addresses
    /// answer as a wrong password does, after the same work.
    pub(crate) async fn sign_in(
        &self,
        workspace: &str,
        email: &str,
        password: &str,
    ) -> Result<Signed, TenantError> {
        if password.len() > MOST {
            return Err(TenantError::PasswordWrong);
        }
        let Some(id) = workspaces::resolve(&self.database, workspace).await? else {
            self.hasher.waste(password.as_bytes()).await?;
            return Err(TenantError::PasswordWrong);
        };
        let scope = self.signer.own_scope(id).await?;
        let database = self.database.scoped(&scope).for_stranger();
        let mut tx = database.begin().await?;
        let exists = crate::store::workspaces::find(&mut tx).await?.is_some();
        let admin = store::find_by_email(&mut tx, email).await?;
        tx.commit().await?;
        if !exists {
            self.hasher.waste(password.as_bytes()).await?;
            return Err(TenantError::PasswordWrong);
        }
        let hash = admin.as_ref().map(|admin| admin.password_hash.as_str());
        attempts::judge(&database, &self.hasher, &self.clock, email, password, hash).await?;
        let Some(mut admin) = admin else { return Err(TenantError::PasswordWrong) };
        if Hasher::is_outdated(&admin.password_hash) {
            admin.password_hash = self.hasher.hash(password.as_bytes()).await?;
            let mut tx = database.begin().await?;
            store::update(&mut tx, &admin).await?;
            tx.commit().await?;
        }
        self.signer
            .sign(Grant {
                actor: Actor::Admin(admin.id),
                audiences: vec![Audience::Tenant, Audience::Identity, Audience::Billing],
                workspace: Some(id),
                permissions: [
                    Permission::WorkspaceAdmin,
                    Permission::UsersRead,
                    Permission::ChangesRead,
                    Permission::SeatsRead,
                    Permission::BillingRead,
                ]
                .into(),
                policy_version: None,
                life: LONG,
            })
            .await
    }

    /// Asks the caller, if it is an admin, for their password again.
    pub(crate) async fn confirm(
        &self,
        ctx: &CallContext,
        authority: &Authority,
        password: &str,
    ) -> Result<(), TenantError> {
        match authority {
            Authority::Operator => Ok(()),
            Authority::Admin(admin) => {
                let database = self.database.scoped(&ctx.scope()?);
                let hash = Some(admin.password_hash.as_str());
                attempts::judge(&database, &self.hasher, ctx.clock(), &admin.email, password, hash).await
            }
        }
    }
}

/// Longest password, in bytes; more would only cost time.
const MOST: usize = 1_024;

fn check_password(password: &str) -> Result<(), TenantError> {
    if (12..=256).contains(&password.chars().count()) {
        return Ok(());
    }
    Err(invalid("password", "it must have 12 to 256 characters").into())
}

fn check_grant(authority: &Authority, permissions: &BTreeSet<AdminPermission>) -> Result<(), TenantError> {
    match permissions.iter().find(|permission| !authority.holds(**permission)) {
        Some(permission) => Err(TenantError::PermissionNeeded(permission.title())),
        None => Ok(()),
    }
}
