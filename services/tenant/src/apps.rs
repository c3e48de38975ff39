//! API apps.

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
use crate::store::{apps as store, audit, tokens, workspaces};

/// Most apps of a workspace; they are listed at once.
const MOST: i64 = 200;

/// An app: what a workspace's identity provider is to the workspace.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) created_at: Timestamp,
    /// Whether its identity provider is read to the letter of RFC 7644.
    pub(crate) strict: bool,
    /// Whether its `externalId` never goes to another person.
    pub(crate) external_id_stable: bool,
}

/// How an app's identity provider is read; what is none stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) strict: Option<bool>,
    pub(crate) external_id_stable: Option<bool>,
}

/// Creates an app.
pub(crate) async fn create(
    database: &Database,
    ctx: &CallContext,
    name: String,
    description: String,
) -> Result<App, TenantError> {
    let scope = ctx.scope()?;
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
    authority::with(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    // Locked, so that parallel creations are counted one after the other.
    if workspaces::lock(&mut tx).await?.is_none() {
        return Err(TenantError::NotFound { what: "workspace", name: scope.workspace_id().to_string() });
    }
    if store::count(&mut tx).await? >= MOST {
        return Err(TenantError::WorkspaceFull { what: "apps", most: MOST });
    }
    store::insert(&mut tx, &app, &ctx.actor().to_string()).await?;
    let entry = AuditEntry::new(ctx, Action::CreateApp, &app.id, json!({ "name": app.name }));
    audit::insert(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(app)
}

/// The apps, by name.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<App>, TenantError> {
    let scope = ctx.scope()?;
    let mut tx = database.scoped(&scope).begin().await?;
    authority::with(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    let apps = store::list(&mut tx).await?;
    tx.commit().await?;
    Ok(apps)
}

/// Sets how an app's identity provider is read. Asks for the password again: `externalId`s that are said to be stable
/// decide who comes back to whose account.
pub(crate) async fn update(
    admins: &Admins,
    ctx: &CallContext,
    id: AppId,
    reading: Reading,
    (authority, own_password): (&Authority, &str),
) -> Result<App, TenantError> {
    let database = admins.database.scoped(&ctx.scope()?);
    admins.confirm(ctx, authority, own_password).await?;
    let mut tx = database.begin().await?;
    authority::with(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    let Some(app) = store::update(&mut tx, id, reading).await? else {
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
    let database = admins.database.scoped(&ctx.scope()?);
    admins.confirm(ctx, authority, own_password).await?;
    let mut tx = database.begin().await?;
    authority::with(ctx, &mut tx, ConfigureAdvancedSecuritySettings).await?;
    if !store::lock(&mut tx, id).await? {
        return Err(TenantError::NotFound { what: "app", name: id.to_string() });
    }
    store::delete(&mut tx, id, ctx.now()).await?;
    tokens::revoke_all(&mut tx, id, ctx.now()).await?;
    workspaces::announce(&mut tx).await?;
    audit::insert(&mut tx, AuditEntry::new(ctx, Action::DeleteApp, &id, json!({}))).await?;
    Ok(tx.commit().await?)
}
