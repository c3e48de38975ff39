//! Workspaces.

use jiff::Timestamp;
use serde_json::json;
use usher_base::id::WorkspaceId;
use usher_base::printable::is_hidden;
use usher_base::{CallContext, Denied, Fault as _, Permission};
use usher_rpc::convert::invalid;
use usher_rpc::{Failure, SlugLookup, Slugs};
use usher_seats::AtLimit;
use usher_store::Database;

use crate::audit::{Action, AuditEntry};
use crate::error::TenantError;
use crate::methods::ADMIN;
use crate::plans::{self, Plan};
use crate::store::{audit, workspaces};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workspace {
    pub(crate) id: WorkspaceId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) suspended: bool,
    pub(crate) at_limit: AtLimit,
    pub(crate) seat_limit: Option<i64>,
    pub(crate) policy_version: i64,
    pub(crate) created_at: Timestamp,
}

/// The properties of a new workspace.
pub(crate) struct NewWorkspace {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) plan: String,
    pub(crate) at_limit: AtLimit,
    pub(crate) seat_limit: Option<i64>,
}

/// The changes to a workspace. `None` keeps a property.
#[derive(Default)]
pub(crate) struct WorkspaceChange {
    pub(crate) name: Option<String>,
    pub(crate) plan: Option<String>,
    pub(crate) suspended: Option<bool>,
    pub(crate) at_limit: Option<AtLimit>,
    pub(crate) seat_limit: Option<SeatLimit>,
}

/// A seat limit to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeatLimit {
    Unlimited,
    AtMost(i64),
}

pub(crate) async fn create(
    database: &Database,
    ctx: &CallContext,
    new: NewWorkspace,
) -> Result<Workspace, TenantError> {
    ctx.require(Permission::TenantAdmin)?;
    check_slug(&new.slug)?;
    check_name(&new.name)?;
    check_limit(new.seat_limit)?;
    let plan = plans::get(database, &new.plan).await?;
    let id = workspaces::reserve_slug(database, &new.slug, WorkspaceId::new(ctx.clock())).await?;
    let workspace = Workspace {
        id,
        slug: new.slug,
        name: new.name,
        plan,
        suspended: false,
        at_limit: new.at_limit,
        seat_limit: new.seat_limit,
        policy_version: 1,
        created_at: ctx.now(),
    };
    let scope = ctx.scope_in(id, Permission::TenantAdmin)?;
    let detail = json!({ "slug": workspace.slug, "plan": workspace.plan.name });
    let entry = AuditEntry::new(ctx, Action::CreateWorkspace, &id, detail);
    if workspaces::insert(&database.scoped(&scope), &workspace, entry).await? {
        Ok(workspace)
    } else {
        Err(TenantError::AlreadyExists { what: "workspace", name: workspace.slug })
    }
}

/// Finds a workspace by id or slug; empty means the caller's own. For an admin, other workspaces do not exist.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    name: &str,
) -> Result<Workspace, TenantError> {
    let absent = || TenantError::NotFound { what: "workspace", name: name.to_owned() };
    let scope = if name.is_empty() {
        ctx.scope_with_any(ADMIN)?
    } else {
        let id = resolve(database, name).await?.ok_or_else(absent)?;
        ctx.scope_in_with_any(id, ADMIN).map_err(|denied| match denied {
            Denied::OtherWorkspace => absent(),
            other => other.into(),
        })?
    };
    let mut tx = database.scoped(&scope).begin().await?;
    let workspace = workspaces::find(&mut tx).await?.ok_or_else(absent)?;
    tx.commit().await?;
    Ok(workspace)
}

/// A page of all workspaces, ordered by slug.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
    after: &str,
    max: u32,
) -> Result<Vec<Workspace>, TenantError> {
    ctx.require(Permission::TenantAdmin)?;
    Ok(workspaces::list(database, after, max).await?)
}

/// Changes a workspace. The change takes effect everywhere within a second.
pub(crate) async fn update(
    database: &Database,
    ctx: &CallContext,
    change: WorkspaceChange,
) -> Result<Workspace, TenantError> {
    let scope = ctx.scope(Permission::TenantAdmin)?;
    if let Some(name) = &change.name {
        check_name(name)?;
    }
    let plan = match &change.plan {
        Some(plan) => Some(plans::get(database, plan).await?),
        None => None,
    };
    let mut tx = database.scoped(&scope).begin().await?;
    // Locked, because unchanged properties are written back, and somebody else may be changing them.
    let mut workspace = workspaces::lock(&mut tx)
        .await?
        .ok_or_else(|| TenantError::NotFound { what: "workspace", name: scope.workspace_id().to_string() })?;
    workspace.name = change.name.unwrap_or(workspace.name);
    workspace.plan = plan.unwrap_or(workspace.plan);
    workspace.suspended = change.suspended.unwrap_or(workspace.suspended);
    workspace.at_limit = change.at_limit.unwrap_or(workspace.at_limit);
    workspace.seat_limit = match change.seat_limit {
        None => workspace.seat_limit,
        Some(SeatLimit::Unlimited) => None,
        Some(SeatLimit::AtMost(limit)) => Some(limit),
    };
    check_limit(workspace.seat_limit)?;
    workspaces::update(&mut tx, &workspace).await?;
    let detail = json!({
        "name": workspace.name, "plan": workspace.plan.name, "suspended": workspace.suspended,
        "seat_policy": workspace.at_limit, "seat_limit": workspace.seat_limit,
    });
    audit::insert(&mut tx, AuditEntry::new(ctx, Action::UpdateWorkspace, &workspace.id, detail)).await?;
    workspace.policy_version += 1;
    tx.commit().await?;
    Ok(workspace)
}

/// The id of a workspace, named by id or slug. An id is not checked for existence.
pub(crate) async fn resolve(database: &Database, name: &str) -> Result<Option<WorkspaceId>, TenantError> {
    match name.parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) if check_slug(name).is_err() => Ok(None),
        Err(_) => Ok(workspaces::find_by_slug(database, name).await?),
    }
}

/// Finds workspaces by slug.
pub(crate) struct Directory(pub(crate) Database);

impl Slugs for Directory {
    fn find<'a>(&'a self, slug: &'a str, _request_id: &'a str) -> SlugLookup<'a> {
        Box::pin(async move {
            let found = workspaces::find_by_slug(&self.0, slug).await;
            found.map_err(|error| Failure::new(error.reason(), error.message()))
        })
    }
}

/// The id of the workspace that a service names by its slug.
pub(crate) async fn id(
    database: &Database,
    ctx: &CallContext,
    slug: &str,
) -> Result<WorkspaceId, TenantError> {
    ctx.require(Permission::PoliciesRead)?;
    let found = match check_slug(slug) {
        Ok(()) => workspaces::find_by_slug(database, slug).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| TenantError::NotFound { what: "workspace", name: slug.chars().take(64).collect() })
}

/// Normalises an id or slug. `None` if the name can be neither.
pub(crate) fn canonical_name(name: &str) -> Option<String> {
    match name.parse::<WorkspaceId>() {
        Ok(id) => Some(id.to_string()),
        Err(_) => check_slug(name).is_ok().then(|| name.to_owned()),
    }
}

fn check_slug(slug: &str) -> Result<(), TenantError> {
    let begins = slug.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if begins && rest && (2..=40).contains(&slug.len()) && !slug.ends_with('-') {
        return Ok(());
    }
    Err(invalid("slug", "it must have 2 to 40 of a-z, 0-9 and -, begin with a letter and not end with -")
        .into())
}

fn check_name(name: &str) -> Result<(), TenantError> {
    if name.trim().is_empty() || name.chars().count() > 200 || name.contains(is_hidden) {
        return Err(invalid("name", "it must have 1 to 200 printable characters").into());
    }
    Ok(())
}

fn check_limit(limit: Option<i64>) -> Result<(), TenantError> {
    match limit {
        Some(limit) if limit < 0 => Err(invalid("seat_limit", "it is negative").into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check_slug;

    #[test]
    fn slugs_are_plain_names_for_urls() {
        for good in ["acme", "a1", "big-corp-2"] {
            assert!(check_slug(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "Acme", "1a", "-a", "a-", "a b", "a/b", "ä1", &"a".repeat(41)] {
            assert!(check_slug(bad).is_err(), "{bad}");
        }
    }
}
