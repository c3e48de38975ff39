//! The apps' SCIM tokens. A token is shown only once; only a hash is stored.

use jiff::Timestamp;
use serde_json::json;
use usher_base::CallContext;
use usher_base::id::{AppId, TokenId};
use usher_base::printable::is_hidden;
use usher_base::secret::ScimToken;
use usher_rpc::convert::invalid;

use crate::admins::AdminPermission::ConfigureAdvancedSecuritySettings;
use crate::admins::Admins;
use crate::audit::{Action, AuditEntry};
use crate::authority::{self, Authority};
use crate::error::TenantError;
use crate::methods::ADMIN;
use crate::store::{apps, audit, tokens, workspaces};

/// The maximum number of live tokens of an app: enough for rotation, few enough to keep track of.
const MAX_LIVE_TOKENS: i64 = 10;

/// A token without its secret.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) id: TokenId,
    pub(crate) app: AppId,
    pub(crate) name: String,
    pub(crate) lookup_id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
}

/// The properties of a new token.
pub(crate) struct NewToken {
    pub(crate) app: AppId,
    pub(crate) name: String,
    pub(crate) expires_at: Option<Timestamp>,
    /// The admin's own password.
    pub(crate) own_password: String,
}

/// Creates a token. Its secret is returned only here.
pub(crate) async fn create(
    admins: &Admins,
    ctx: &CallContext,
    authority: &Authority,
    new: NewToken,
) -> Result<(Token, ScimToken), TenantError> {
    let scope = ctx.scope_with_any(ADMIN)?;
    if new.name.chars().count() > 100 || new.name.contains(is_hidden) {
        return Err(invalid("name", "it must have at most 100 printable characters").into());
    }
    if new.expires_at.is_some_and(|at| at <= ctx.now()) {
        return Err(invalid("expire_time", "it is in the past").into());
    }
    let database = admins.database.scoped(&scope);
    admins.confirm(ctx, authority, &new.own_password).await?;
    let secret = ScimToken::generate();
    let protected = admins.secrets.protect(&secret).await?;
    let token = Token {
        id: TokenId::new(ctx.clock()),
        app: new.app,
        name: new.name,
        lookup_id: secret.lookup_id().to_owned(),
        created_at: ctx.now(),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let mut tx = database.begin().await?;
    authority::require(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    // The app's row is locked, so that parallel creations are counted one after the other.
    if !apps::lock(&mut tx, token.app).await? {
        return Err(TenantError::NotFound { what: "app", name: token.app.to_string() });
    }
    let live = tokens::count_live(&mut tx, token.app, ctx.now()).await?;
    if live >= MAX_LIVE_TOKENS {
        return Err(TenantError::TooManyTokens(live));
    }
    tokens::insert(&mut tx, &token, &protected, &ctx.actor().to_string()).await?;
    let detail = json!({ "app": token.app.to_string(), "name": token.name, "lookup_id": token.lookup_id });
    audit::insert(&mut tx, AuditEntry::new(ctx, Action::CreateToken, &token.id, detail)).await?;
    tx.commit().await?;
    Ok((token, secret))
}

/// An app's tokens, newest first.
pub(crate) async fn list(admins: &Admins, ctx: &CallContext, app: AppId) -> Result<Vec<Token>, TenantError> {
    let scope = ctx.scope_with_any(ADMIN)?;
    let mut tx = admins.database.scoped(&scope).begin().await?;
    authority::require(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    let tokens = tokens::list(&mut tx, app).await?;
    tx.commit().await?;
    Ok(tokens)
}

/// Revokes a token, which takes effect everywhere within a second. Does nothing if it is revoked already. Requires no
/// password: an admin who sees a token leak must be quick, and nobody gets access by it.
pub(crate) async fn revoke(admins: &Admins, ctx: &CallContext, id: TokenId) -> Result<(), TenantError> {
    let scope = ctx.scope_with_any(ADMIN)?;
    let mut tx = admins.database.scoped(&scope).begin().await?;
    authority::require(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    match tokens::revoke(&mut tx, id, ctx.now()).await? {
        None => return Err(TenantError::NotFound { what: "token", name: id.to_string() }),
        Some(true) => {
            workspaces::announce(&mut tx).await?;
            audit::insert(&mut tx, AuditEntry::new(ctx, Action::RevokeToken, &id, json!({}))).await?;
        }
        Some(false) => {}
    }
    Ok(tx.commit().await?)
}
