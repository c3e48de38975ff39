//! The admins of a workspace.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use usher_base::credential::subject_digest;
use usher_base::domain::email_domain;
use usher_base::id::AdminId;
use usher_base::{Actor, CallContext, Clock};
use usher_rpc::convert::invalid;
use usher_store::{Database, ScopedDatabase, TenantTx};

use crate::audit::{Action, AuditEntry};
use crate::authority::{self, Authority};
use crate::error::TenantError;
use crate::hashing::Hasher;
use crate::methods::ADMIN;
use crate::peer_rate_limit::PeerRateLimit;
use crate::secrets::Secrets;
use crate::sign_in::MAX_EMAIL_BYTES;
use crate::signer::Signer;
use crate::store::{admins, attempts, audit, ended_sessions};

/// What an admin may do beyond managing people and domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AdminPermission {
    /// Create apps and tokens.
    ConfigureAdvancedSecuritySettings,
}

impl AdminPermission {
    const ALL: [Self; 1] = [Self::ConfigureAdvancedSecuritySettings];

    /// The stored form.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigureAdvancedSecuritySettings => "configure_advanced_security_settings",
        }
    }

    /// The name that people see.
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
    /// Credentials that were signed until then have ended.
    pub(crate) sessions_ended_at: Option<Timestamp>,
}

/// The maximum number of admins of a workspace, which are listed in one page.
const MAX_ADMINS: i64 = 1_000;

/// The rules for admins, with what they need.
#[derive(Clone)]
pub(crate) struct Admins {
    pub(crate) database: Database,
    pub(crate) hasher: Hasher,
    pub(crate) secrets: Secrets,
    pub(crate) sign_ins: PeerRateLimit,
    pub(crate) signer: Signer,
    pub(crate) clock: Clock,
}

/// A new admin.
pub(crate) struct NewAdmin {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) permissions: BTreeSet<AdminPermission>,
}

impl Admins {
    pub(crate) async fn create(
        &self,
        ctx: &CallContext,
        new: NewAdmin,
        own_password: &str,
    ) -> Result<Admin, TenantError> {
        let scope = ctx.scope_with_any(ADMIN)?;
        let database = self.database.scoped(&scope);
        check_power(&self.asked_again(ctx, &database, own_password).await?, &new.permissions)?;
        if new.email.len() > MAX_EMAIL_BYTES {
            return Err(invalid("email", format_args!("it has more than {MAX_EMAIL_BYTES} bytes")).into());
        }
        email_domain(&new.email).map_err(|error| invalid("email", error))?;
        check_password(&new.password)?;
        let password_hash = self.hash(ctx, &new.password).await?;
        let admin = Admin {
            id: AdminId::new(ctx.clock()),
            email: new.email,
            password_hash,
            permissions: new.permissions,
            created_at: ctx.now(),
            sessions_ended_at: None,
        };
        let mut tx = database.begin().await?;
        check_power(&authority::get(ctx, &mut tx).await?, &admin.permissions)?;
        // Locked, so that parallel creations are counted one after the other.
        if crate::store::workspaces::lock(&mut tx).await?.is_none() {
            return Err(TenantError::NotFound { what: "workspace", name: scope.workspace_id().to_string() });
        }
        if admins::count(&mut tx).await? >= MAX_ADMINS {
            return Err(TenantError::WorkspaceFull { what: "admins", max: MAX_ADMINS });
        }
        admins::insert(&mut tx, &admin).await?;
        let detail = json!({ "email": admin.email, "permissions": names(&admin.permissions) });
        audit::insert(&mut tx, AuditEntry::new(ctx, Action::CreateAdmin, &admin.id, detail)).await?;
        tx.commit().await?;
        Ok(admin)
    }

    /// The admins, ordered by address.
    pub(crate) async fn list(&self, ctx: &CallContext) -> Result<Vec<Admin>, TenantError> {
        let scope = ctx.scope_with_any(ADMIN)?;
        let mut tx = self.database.scoped(&scope).begin().await?;
        authority::get(ctx, &mut tx).await?;
        let admins = admins::list(&mut tx).await?;
        tx.commit().await?;
        Ok(admins)
    }

    /// Sets an admin's permissions. Callers can give or remove only permissions that they have.
    pub(crate) async fn update(
        &self,
        ctx: &CallContext,
        id: AdminId,
        permissions: BTreeSet<AdminPermission>,
        own_password: &str,
    ) -> Result<Admin, TenantError> {
        let database = self.database.scoped(&ctx.scope_with_any(ADMIN)?);
        self.asked_again(ctx, &database, own_password).await?;
        let mut tx = database.begin().await?;
        let admins = admins::lock_all(&mut tx).await?;
        let authority = authority::get(ctx, &mut tx).await?;
        let mut admin = find(&admins, id)?.clone();
        let changed = admin.permissions.symmetric_difference(&permissions).copied().collect();
        check_power(&authority, &changed)?;
        check_holders(&admins, id, &permissions)?;
        admin.permissions = permissions;
        admins::set_permissions(&mut tx, &admin).await?;
        let detail = json!({ "email": admin.email, "permissions": names(&admin.permissions) });
        audit::insert(&mut tx, AuditEntry::new(ctx, Action::UpdateAdmin, &id, detail)).await?;
        tx.commit().await?;
        Ok(admin)
    }

    /// Deletes an admin and ends their sessions.
    pub(crate) async fn delete(
        &self,
        ctx: &CallContext,
        id: AdminId,
        own_password: &str,
    ) -> Result<(), TenantError> {
        let database = self.database.scoped(&ctx.scope_with_any(ADMIN)?);
        self.asked_again(ctx, &database, own_password).await?;
        let mut tx = database.begin().await?;
        let admins = admins::lock_all(&mut tx).await?;
        let authority = authority::get(ctx, &mut tx).await?;
        let admin = find(&admins, id)?;
        check_power(&authority, &admin.permissions)?;
        check_holders(&admins, id, &BTreeSet::new())?;
        let now = end_of_sessions(admin, ctx.now());
        admins::delete(&mut tx, id).await?;
        attempts::forget(&mut tx, id).await?;
        ended_sessions::insert(tx.conn(), subject_digest(&Actor::Admin(id)), now).await?;
        let detail = json!({ "email": admin.email });
        audit::insert(&mut tx, AuditEntry::new(ctx, Action::DeleteAdmin, &id, detail)).await?;
        Ok(tx.commit().await?)
    }

    /// Sets an admin's password, ends their sessions, and deletes the counters of wrong passwords.
    pub(crate) async fn set_password(
        &self,
        ctx: &CallContext,
        id: AdminId,
        password: &str,
        own_password: &str,
    ) -> Result<(), TenantError> {
        let database = self.database.scoped(&ctx.scope_with_any(ADMIN)?);
        self.asked_again(ctx, &database, own_password).await?;
        // The permission is checked first, so that a caller without it learns nothing about valid values.
        let mut tx = database.begin().await?;
        self.reach(ctx, &mut tx, id).await?;
        tx.commit().await?;
        check_password(password)?;
        let hash = self.hash(ctx, password).await?;
        let mut tx = database.begin().await?;
        let admin = self.reach(ctx, &mut tx, id).await?;
        admins::set_password(&mut tx, id, &hash).await?;
        attempts::forget(&mut tx, id).await?;
        end(ctx, &mut tx, &admin).await?;
        let detail = json!({ "email": admin.email });
        audit::insert(&mut tx, AuditEntry::new(ctx, Action::SetPassword, &id, detail)).await?;
        Ok(tx.commit().await?)
    }

    /// Ends an admin's sessions. Ending one's own sessions requires no password.
    pub(crate) async fn end_sessions(
        &self,
        ctx: &CallContext,
        id: AdminId,
        own_password: &str,
    ) -> Result<(), TenantError> {
        let database = self.database.scoped(&ctx.scope_with_any(ADMIN)?);
        if *ctx.actor() != Actor::Admin(id) {
            self.asked_again(ctx, &database, own_password).await?;
        }
        let mut tx = database.begin().await?;
        let admin = self.reach(ctx, &mut tx, id).await?;
        end(ctx, &mut tx, &admin).await?;
        let detail = json!({ "email": admin.email });
        audit::insert(&mut tx, AuditEntry::new(ctx, Action::EndSessions, &id, detail)).await?;
        Ok(tx.commit().await?)
    }

    /// Checks the caller's own password, before the transaction that requires it.
    pub(crate) async fn asked_again(
        &self,
        ctx: &CallContext,
        database: &ScopedDatabase,
        own_password: &str,
    ) -> Result<Authority, TenantError> {
        let mut tx = database.begin().await?;
        let authority = authority::get(ctx, &mut tx).await?;
        tx.commit().await?;
        self.confirm(ctx, &authority, own_password).await?;
        Ok(authority)
    }

    /// Checks a permission before the message is validated, so that a caller without it learns nothing about valid
    /// values.
    pub(crate) async fn permit(
        &self,
        ctx: &CallContext,
        permission: AdminPermission,
    ) -> Result<Authority, TenantError> {
        let mut tx = self.database.scoped(&ctx.scope_with_any(ADMIN)?).begin().await?;
        let authority = authority::require(ctx, &mut tx, permission).await?;
        tx.commit().await?;
        Ok(authority)
    }

    /// Locks and returns an admin if the caller may act on them, which requires all of that admin's permissions.
    async fn reach(&self, ctx: &CallContext, tx: &mut TenantTx, id: AdminId) -> Result<Admin, TenantError> {
        let admin = admins::lock(tx, id).await?;
        let authority = authority::get(ctx, tx).await?;
        let admin = admin.ok_or_else(|| absent(id))?;
        check_power(&authority, &admin.permissions)?;
        Ok(admin)
    }

    async fn hash(&self, ctx: &CallContext, password: &str) -> Result<String, TenantError> {
        let place = self.hasher.reserve_again(ctx.workspace()?)?;
        Ok(place.turn().await.hash(password).await?)
    }
}

/// Ends the sessions of an admin whose row is locked.
async fn end(ctx: &CallContext, tx: &mut TenantTx, admin: &Admin) -> Result<(), TenantError> {
    let now = end_of_sessions(admin, ctx.now());
    admins::end_sessions(tx, admin.id, now).await?;
    Ok(ended_sessions::insert(tx.conn(), subject_digest(&Actor::Admin(admin.id)), now).await?)
}

/// The time to record for sessions that are ended now. A credential that was signed in the same second as an earlier
/// end has the next second as its time (`Grant::after`), and must end too.
fn end_of_sessions(admin: &Admin, now: Timestamp) -> Timestamp {
    let again = admin.sessions_ended_at.map(|before| before + SignedDuration::from_secs(1));
    again.map_or(now, |again| again.max(now))
}

fn absent(id: AdminId) -> TenantError {
    TenantError::NotFound { what: "admin", name: id.to_string() }
}

fn find(admins: &[Admin], id: AdminId) -> Result<&Admin, TenantError> {
    admins.iter().find(|admin| admin.id == id).ok_or_else(|| absent(id))
}

fn names(permissions: &BTreeSet<AdminPermission>) -> Vec<&'static str> {
    permissions.iter().map(|permission| permission.as_str()).collect()
}

fn check_password(password: &str) -> Result<(), TenantError> {
    if (12..=256).contains(&password.chars().count()) {
        return Ok(());
    }
    Err(invalid("password", "it must have 12 to 256 characters").into())
}

/// Checks that the caller has every permission that is given, removed or overruled.
fn check_power(authority: &Authority, permissions: &BTreeSet<AdminPermission>) -> Result<(), TenantError> {
    match permissions.iter().find(|permission| !authority.holds(**permission)) {
        Some(permission) => Err(TenantError::PermissionNeeded(permission.title())),
        None => Ok(()),
    }
}

/// Checks that another admin has each permission that this admin loses.
fn check_holders(admins: &[Admin], id: AdminId, left: &BTreeSet<AdminPermission>) -> Result<(), TenantError> {
    let mut lost = find(admins, id)?.permissions.difference(left);
    let others = |permission: &&AdminPermission| {
        !admins.iter().any(|admin| admin.id != id && admin.permissions.contains(permission))
    };
    match lost.find(others) {
        Some(permission) => Err(TenantError::LastHolder(permission.title())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_are_ended_twice_in_a_second_end_what_was_signed_between() {
        let first: Timestamp = "2026-11-28T09:00:10.1Z".parse().unwrap();
        let admin = Admin {
            id: AdminId::from_uuid(uuid::Uuid::nil()),
            email: "boss@acme.example".to_owned(),
            password_hash: String::new(),
            permissions: BTreeSet::new(),
            created_at: first,
            sessions_ended_at: Some(first),
        };

        // A credential that is signed now has the next second as its time.
        let second = end_of_sessions(&admin, first + SignedDuration::from_millis(200));

        assert!(second.as_second() > first.as_second());
        let later = first + SignedDuration::from_mins(1);
        assert_eq!(end_of_sessions(&admin, later), later);
    }
}
