//! A workspace's admins.

use std::collections::BTreeSet;

use jiff::Timestamp;
use usher_base::domain::email_domain;
use usher_base::id::AdminId;
use usher_base::{Actor, Audience, CallContext, Clock, Permission};
use usher_rpc::convert::invalid;
use usher_store::Database;

use crate::attempts::{self, Attempt, NOWHERE};
use crate::authority::{self, Authority};
use crate::brake::Brake;
use crate::error::TenantError;
use crate::hashing::{Asker, Hasher};
use crate::peer::Peer;
use crate::secrets::Secrets;
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
    pub(crate) secrets: Secrets,
    pub(crate) sign_ins: Brake,
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
        let asker = Asker::Workspace(scope.workspace_id().to_string());
        let password_hash = self.hasher.reserve(&[asker])?.hash(password).await?;
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
    /// answer as a wrong password does, after the same work and as often.
    pub(crate) async fn sign_in(
        &self,
        peer: Peer,
        workspace: &str,
        email: &str,
        password: &str,
    ) -> Result<Signed, TenantError> {
        self.sign_ins.take(peer)?;
        if password.len() > MAX_PASSWORD_BYTES || email.len() > MAX_EMAIL_BYTES {
            return Err(TenantError::PasswordWrong);
        }
        // One workspace under each of its names takes the same places; what can be no name is one.
        let name = workspaces::canonical_name(workspace).unwrap_or_default();
        let place = self.hasher.reserve(&[Asker::Workspace(name.clone()), Asker::Peer(peer)])?;
        let resolved = workspaces::resolve(&self.database, workspace).await?;
        let scope = self.signer.own_scope(resolved.unwrap_or(NOWHERE)).await?;
        let database = self.database.scoped(&scope).for_stranger();
        let mut tx = database.begin().await?;
        let exists = crate::store::workspaces::find(&mut tx).await?.is_some();
        let admin = store::find_by_email(&mut tx, email).await?.filter(|_| exists);
        tx.commit().await?;
        let (attempt, counted) = match &admin {
            Some(admin) => (Attempt::sign_in(admin.id, peer), database),
            // Nothing is stored under an id that is no workspace's.
            None => {
                let counted = if exists { scope } else { self.signer.own_scope(NOWHERE).await? };
                (
                    Attempt::sign_in_to_no_account(&name, email, peer),
                    self.database.scoped(&counted).for_stranger(),
                )
            }
        };
        let hash = admin.as_ref().map(|admin| admin.password_hash.as_str());
        attempts::judge(&counted, self.clock.now(), attempt, place, (password, hash)).await?;
        let Some(mut admin) = admin else { return Err(TenantError::PasswordWrong) };
        let id = resolved.ok_or(TenantError::PasswordWrong)?;
        if Hasher::is_outdated(&admin.password_hash) {
            let asker = Asker::Workspace(name);
            admin.password_hash = self.hasher.reserve(&[asker])?.hash(password).await?;
            let mut tx = counted.begin().await?;
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
                let scope = ctx.scope()?;
                let place = self.hasher.reserve(&[Asker::Workspace(scope.workspace_id().to_string())])?;
                let judged = (password, Some(admin.password_hash.as_str()));
                let attempt = Attempt::again(admin.id);
                attempts::judge(&self.database.scoped(&scope), ctx.now(), attempt, place, judged).await
            }
        }
    }
}

/// Longest password, in bytes; more would only cost time.
const MAX_PASSWORD_BYTES: usize = 1_024;
/// Longest address, in bytes (RFC 5321 section 4.5.3.1.3).
const MAX_EMAIL_BYTES: usize = 256;

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
