//! Signing in, and confirming the password.

use usher_base::id::{EventId, WorkspaceId};
use usher_base::{Actor, Audience, CallContext, Permission};

use crate::admins::{Admin, Admins};
use crate::attempts::{self, Attempt, NOWHERE};
use crate::audit::{Action, AuditEntry};
use crate::authority::Authority;
use crate::error::TenantError;
use crate::hashing::{Asker, Hasher};
use crate::methods::ADMIN;
use crate::peer::Peer;
use crate::signer::{Grant, LONG, Signed};
use crate::store::{admins, audit, workspaces as workspace_store};
use crate::workspaces;

/// The maximum length of a password, in bytes. A longer one would only take time to hash.
const MAX_PASSWORD_BYTES: usize = 1_024;
/// The maximum length of an address, in bytes (RFC 5321 section 4.5.3.1.3).
pub(crate) const MAX_EMAIL_BYTES: usize = 256;

/// What is known about a caller without a credential.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) request_id: String,
}

impl Caller {
    /// The peer and the request id of a call.
    pub(crate) fn from_request<T>(request: &tonic::Request<T>) -> Self {
        let sent = request.metadata().get(usher_rpc::REQUEST_ID_KEY).and_then(|id| id.to_str().ok());
        let request_id = sent.unwrap_or_default().chars().take(64).collect();
        Self { peer: Peer::from_request(request), request_id }
    }
}

impl Admins {
    /// Checks a password and signs a credential for the admin. An unknown workspace or address gets the same answer
    /// as a wrong password, after the same work and with the same limits.
    pub(crate) async fn sign_in(
        &self,
        caller: &Caller,
        workspace: &str,
        email: &str,
        password: &str,
    ) -> Result<Signed, TenantError> {
        self.sign_ins.take(caller.peer)?;
        if password.len() > MAX_PASSWORD_BYTES || email.len() > MAX_EMAIL_BYTES {
            return Err(TenantError::PasswordWrong);
        }
        // A workspace has separate slots under its id and its slug, because the slug is looked up only after the slot
        // is taken. All invalid names share one name.
        let name = workspaces::canonical_name(workspace).unwrap_or_default();
        let asker = Asker::Workspace(name.clone());
        let peer = caller.peer.limited().map(Asker::Peer);
        let askers: Vec<Asker> = std::iter::once(asker.clone()).chain(peer).collect();
        let place = self.hasher.reserve(&askers)?;
        let turn = place.turn().await;
        let resolved = workspaces::resolve(&self.database, workspace).await?;
        let scope = self.signer.own_scope(resolved.unwrap_or(NOWHERE)).await?;
        let database = self.database.scoped(&scope).for_unauthenticated();
        let mut tx = database.begin().await?;
        let exists = workspace_store::find(&mut tx).await?.is_some();
        let admin = admins::find_by_email(&mut tx, email).await?.filter(|_| exists);
        tx.commit().await?;
        let Some(admin) = admin else {
            // Counted like an account, whichever name of the workspace was used.
            let counted_as = if exists { scope.workspace_id().to_string() } else { name };
            let attempt = Attempt::sign_in_to_no_account(&counted_as, email, caller.peer);
            // Nothing is stored under the id of a workspace that does not exist.
            let counted = if exists { scope } else { self.signer.own_scope(NOWHERE).await? };
            let counted = self.database.scoped(&counted).for_unauthenticated();
            attempts::judge(&counted, self.clock.now(), attempt, turn, (password, None)).await?;
            return Err(TenantError::PasswordWrong);
        };
        let attempt = Attempt::sign_in(admin.id, caller.peer);
        let judged = (password, Some(admin.password_hash.as_str()));
        attempts::judge(&database, self.clock.now(), attempt, turn, judged).await?;
        let new_hash = if Hasher::is_outdated(&admin.password_hash) {
            Some(self.hasher.reserve(&[asker])?.turn().await.hash(password).await?)
        } else {
            None
        };
        let mut tx = database.begin().await?;
        // Hashing takes time, during which the password may have been set, the sessions ended, or the admin deleted.
        // The state that was checked must still be current. Ending the sessions from now on waits for this
        // transaction, and ends this session too.
        let judged = admins::lock(&mut tx, admin.id).await?;
        let admin = judged
            .filter(|locked| locked.password_hash == admin.password_hash)
            .ok_or(TenantError::PasswordWrong)?;
        if let Some(hash) = new_hash {
            admins::set_password(&mut tx, admin.id, &hash).await?;
        }
        audit::insert(&mut tx, self.signed_in(caller, &admin)).await?;
        let signed = self.signer.sign(grant(&admin, scope.workspace_id())).await?;
        tx.commit().await?;
        Ok(signed)
    }

    fn signed_in(&self, caller: &Caller, admin: &Admin) -> AuditEntry {
        AuditEntry {
            id: EventId::new(&self.clock),
            at: self.clock.now(),
            actor: Actor::Admin(admin.id).to_string(),
            action: Action::SignIn.as_str().to_owned(),
            target: admin.email.clone(),
            request_id: caller.request_id.clone(),
            detail: serde_json::json!({ "peer": caller.peer.to_string() }),
        }
    }

    /// Requires the password of a caller who is an admin. No transaction is open, because hashing takes time. If the
    /// password is set in the meantime, the session ends, and the following transaction notices it.
    pub(crate) async fn confirm(
        &self,
        ctx: &CallContext,
        authority: &Authority,
        password: &str,
    ) -> Result<(), TenantError> {
        match authority {
            Authority::Operator => Ok(()),
            Authority::Admin(admin) => {
                let scope = ctx.scope_with_any(ADMIN)?;
                let turn = self.hasher.reserve_again(scope.workspace_id())?.turn().await;
                let judged = (password, Some(admin.password_hash.as_str()));
                let attempt = Attempt::again(admin.id);
                attempts::judge(&self.database.scoped(&scope), ctx.now(), attempt, turn, judged).await
            }
        }
    }
}

fn grant(admin: &Admin, workspace: WorkspaceId) -> Grant {
    Grant {
        actor: Actor::Admin(admin.id),
        audiences: vec![Audience::Tenant, Audience::Identity, Audience::Billing],
        workspace: Some(workspace),
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
        after: admin.sessions_ended_at,
        key: None,
    }
}
