//! Checks of SCIM tokens.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use moka::sync::Cache;
use usher_base::id::{AppId, TokenId, WorkspaceId};
use usher_base::secret::ScimToken;
use usher_base::{Actor, Audience, CallContext, Permission};
use usher_rpc::Tasks;
use usher_store::{Database, ScopedDatabase};

use crate::error::TenantError;
use crate::secrets::{Protected, Secrets};
use crate::signer::{Grant, SHORT, Signed, Signer};
use crate::store::tokens;
use crate::workspaces;

/// The minimum time between two updates of a token's last use.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

/// What token checks need.
#[derive(Clone)]
pub(crate) struct Access {
    database: Database,
    secrets: Secrets,
    signer: Signer,
    tasks: Tasks,
    /// A slug never changes its workspace, so entries do not expire.
    slugs: Cache<String, WorkspaceId>,
    touched: Cache<TokenId, ()>,
}

/// A valid token.
pub(crate) struct Accepted {
    pub(crate) signed: Signed,
    pub(crate) workspace: WorkspaceId,
    pub(crate) app: AppId,
    pub(crate) token: TokenId,
    pub(crate) slug: String,
    /// Whether requests of the app's identity provider are read strictly by RFC 7644.
    pub(crate) strict: bool,
    /// Whether the app's `externalId` values are never given to another person.
    pub(crate) external_id_stable: bool,
    /// Why only deactivations are permitted, if so.
    pub(crate) leaving_only: Option<TenantError>,
}

impl Access {
    pub(crate) fn new(database: Database, secrets: Secrets, signer: Signer, tasks: Tasks) -> Self {
        let touched = Cache::builder().max_capacity(100_000).time_to_live(TOUCH_INTERVAL).build();
        Self { database, secrets, signer, tasks, slugs: Cache::new(100_000), touched }
    }

    /// Checks a token at a workspace's URL, and signs a credential for identity. Unknown, revoked and expired tokens
    /// and those of other workspaces get the same answer. If the workspace is suspended or its plan does not include
    /// SCIM, the credential permits only deactivations.
    pub(crate) async fn check(
        &self,
        ctx: &CallContext,
        workspace: &str,
        token: &str,
    ) -> Result<Accepted, TenantError> {
        ctx.require(Permission::AccessCheck)?;
        let token = ScimToken::parse(token).map_err(|_| TenantError::TokenInvalid)?;
        let id = self.resolve(workspace).await?.ok_or(TenantError::TokenInvalid)?;
        let scope = ctx.scope_in(id, Permission::AccessCheck)?;
        let database = self.database.scoped(&scope).for_unauthenticated();
        let found = tokens::find(&database, token.lookup_id()).await?;
        let right = self.secrets.judge(&token, found.as_ref().map(|found| &found.protected)).await?;
        let found = found.filter(|_| right).ok_or(TenantError::TokenInvalid)?;
        let now = ctx.now();
        if found.revoked_at.is_some() || found.expires_at.is_some_and(|at| at.0 <= now) {
            return Err(TenantError::TokenInvalid);
        }
        let leaving_only = if found.suspended {
            Some(TenantError::Suspended(found.slug.clone()))
        } else {
            (!found.scim).then(|| TenantError::PlanWithoutScim(found.slug.clone()))
        };
        let permissions = match leaving_only {
            Some(_) => [Permission::UsersLeave].into(),
            None => [Permission::UsersRead, Permission::UsersWrite].into(),
        };
        let token_id = TokenId::from_uuid(found.token_id);
        self.touch(&database, token_id, &token, &found.protected, now);
        let life = found.expires_at.map_or(SHORT, |at| SHORT.min(at.0.duration_since(now)));
        let signed = self
            .signer
            .sign(Grant {
                actor: Actor::Scim { app: AppId::from_uuid(found.app_id), token: token_id },
                audiences: vec![Audience::Identity],
                workspace: Some(id),
                permissions,
                policy_version: Some(found.policy_version),
                life,
                after: None,
                key: None,
            })
            .await?;
        Ok(Accepted {
            signed,
            workspace: id,
            app: AppId::from_uuid(found.app_id),
            token: token_id,
            slug: found.slug,
            strict: found.strict,
            external_id_stable: found.external_id_stable,
            leaving_only,
        })
    }

    /// Finds the workspace of an id or slug.
    pub(crate) async fn resolve(&self, workspace: &str) -> Result<Option<WorkspaceId>, TenantError> {
        if let Some(id) = self.slugs.get(workspace) {
            return Ok(Some(id));
        }
        let found = workspaces::resolve(&self.database, workspace).await?;
        if let Some(id) = found
            && workspace.parse::<WorkspaceId>().is_err()
        {
            self.slugs.insert(workspace.to_owned(), id);
        }
        Ok(found)
    }

    /// Finds the workspaces of ids and slugs, in at most one statement. The result leaves out invalid names and
    /// unknown slugs; ids are not checked for existence.
    pub(crate) async fn resolve_all<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<String, WorkspaceId>, TenantError> {
        let mut resolved = HashMap::new();
        let mut asked = Vec::new();
        for name in names {
            if let Some(id) = name.parse().ok().or_else(|| self.slugs.get(name)) {
                resolved.insert(name.to_owned(), id);
            } else if workspaces::canonical_name(name).is_some() {
                asked.push(name);
            }
        }
        if !asked.is_empty() {
            for (slug, id) in crate::store::workspaces::find_by_slugs(&self.database, &asked).await? {
                self.slugs.insert(slug.clone(), id);
                resolved.insert(slug, id);
            }
        }
        Ok(resolved)
    }

    /// Records the use, and replaces a MAC that was made by an older key. In the background: no call waits for it,
    /// and losing an update does no harm.
    fn touch(
        &self,
        database: &ScopedDatabase,
        id: TokenId,
        token: &ScimToken,
        stored: &Protected,
        now: Timestamp,
    ) {
        if self.touched.contains_key(&id) {
            return;
        }
        self.touched.insert(id, ());
        let mac = self.secrets.is_outdated(stored).then(|| self.secrets.mac(token));
        let database = database.clone();
        drop(self.tasks.spawn(async move {
            if let Err(error) = tokens::touch(&database, id, mac, now).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not record the last use of \
                     a token"
                );
            }
        }));
    }
}
