//! Apps: the identity providers of a workspace.

use jiff::Timestamp;
use serde_json::json;
use usher_base::CallContext;
use usher_base::id::AppId;
use usher_base::printable::is_hidden;
use usher_rpc::convert::invalid;
use usher_store::Database;

use crate::admins::AdminPermission::ConfigureAdvancedSecuritySettings;
use crate::admins::Admins;
use crate::audit::{Action, AuditEntry};
use crate::authority::{self, Authority};
use crate::error::TenantError;
use crate::methods::ADMIN;
use crate::store::{apps, audit, tokens, workspaces};

/// The maximum number of apps of a workspace, which are listed in one page.
const MAX_APPS: i64 = 200;

/// An app: one identity provider of a workspace.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) created_at: Timestamp,
    /// Whether its requests are read strictly by RFC 7644.
    pub(crate) strict: bool,
    /// Whether its `externalId` values are never given to another person.
    pub(crate) external_id_stable: bool,
}

/// How an app's requests are read. `None` keeps a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) strict: Option<bool>,
    pub(crate) external_id_stable: Option<bool>,
}

pub(crate) async fn create(
    database: &Database,
    ctx: &CallContext,
    name: String,
    description: String,
) -> Result<App, TenantError> {
    let scope = ctx.scope_with_any(ADMIN)?;
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.contains(is_hidden) {
        return Err(invalid("name", "it must have 1 to 100 printable characters").into());
    }
    let hidden = |c: char| c != '\n' && is_hidden(c);
    if description.chars().count() > 1_000 || description.contains(hidden) {
        return Err(invalid("description", "it must have at most 1,000 printable characters").into());
    }
    let app = App {
        id: AppId::new(ctx.clock()),
        name,
        description,
        created_at: ctx.now(),
        strict: false,
        external_id_stable: false,
    };
    let mut tx = database.scoped(&scope).begin().await?;
    authority::require(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    // Locked, so that parallel creations are counted one after the other.
    if workspaces::lock(&mut tx).await?.is_none() {
        return Err(TenantError::NotFound { what: "workspace", name: scope.workspace_id().to_string() });
    }
    if apps::count(&mut tx).await? >= MAX_APPS {
        return Err(TenantError::WorkspaceFull { what: "apps", max: MAX_APPS });
    }
    apps::insert(&mut tx, &app, &ctx.actor().to_string()).await?;
    let entry = AuditEntry::new(ctx, Action::CreateApp, &app.id, json!({ "name": app.name }));
    audit::insert(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(app)
}

/// The apps, ordered by name.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<App>, TenantError> {
    let scope = ctx.scope_with_any(ADMIN)?;
    let mut tx = database.scoped(&scope).begin().await?;
    authority::require(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    let apps = apps::list(&mut tx).await?;
    tx.commit().await?;
    Ok(apps)
}

/// Sets how an app's requests are read. Requires the caller's own password, because `externalId` values that are
/// declared stable decide who gets whose account.
pub(crate) async fn update(
    admins: &Admins,
    ctx: &CallContext,
    id: AppId,
    reading: Reading,
    (authority, own_password): (&Authority, &str),
) -> Result<App, TenantError> {
    let database = admins.database.scoped(&ctx.scope_with_any(ADMIN)?);
    admins.confirm(ctx, authority, own_password).await?;
    let mut tx = database.begin().await?;
    authority::require(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    let Some(app) = apps::update(&mut tx, id, reading).await? else {
        return Err(TenantError::NotFound { what: "app", name: id.to_string() });
    };
    workspaces::announce(&mut tx).await?;
    let detail = json!({ "strict": app.strict, "external_id_stable": app.external_id_stable });
    audit::insert(&mut tx, AuditEntry::new(ctx, Action::UpdateApp, &id, detail)).await?;
    tx.commit().await?;
    Ok(app)
}

/// Deletes an app and revokes its tokens.
pub(crate) async fn delete(
    admins: &Admins,
    ctx: &CallContext,
    id: AppId,
    (authority, own_password): (&Authority, &str),
) -> Result<(), TenantError> {
    let database = admins.database.scoped(&ctx.scope_with_any(ADMIN)?);
    admins.confirm(ctx, authority, own_password).await?;
    let mut tx = database.begin().await?;
    authority::require(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    if !apps::lock(&mut tx, id).await? {
        return Err(TenantError::NotFound { what: "app", name: id.to_string() });
    }
    apps::delete(&mut tx, id, ctx.now()).await?;
    tokens::revoke_all(&mut tx, id, ctx.now()).await?;
    workspaces::announce(&mut tx).await?;
    audit::insert(&mut tx, AuditEntry::new(ctx, Action::DeleteApp, &id, json!({}))).await?;
    Ok(tx.commit().await?)
}
