//! Workspaces, and the directory of their slugs.

use sqlx::{AssertSqlSafe, FromRow};
use usher_base::id::{PlanId, WorkspaceId};
use usher_seats::{AtLimit, Cap};
use usher_store::{Database, Error, ScopedDatabase, TenantTx, Time};
use uuid::Uuid;

use crate::audit::AuditEntry;
use crate::plans::Plan;
use crate::store::audit;
use crate::workspaces::Workspace;

#[derive(FromRow)]
struct WorkspaceRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
    suspended: bool,
    seat_policy: AtLimit,
    seat_limit: Option<i64>,
    policy_version: i64,
    created_at: Time,
    #[sqlx(flatten)]
    plan: PlanRow,
}

#[derive(FromRow)]
struct PlanRow {
    #[sqlx(rename = "plan_id")]
    id: Uuid,
    #[sqlx(rename = "plan_name")]
    name: String,
    #[sqlx(rename = "plan_scim")]
    scim: bool,
    #[sqlx(rename = "plan_enforce_domains")]
    enforce_domains: bool,
    #[sqlx(rename = "plan_collaborators_at_least")]
    collaborators_at_least: Option<i64>,
    #[sqlx(rename = "plan_collaborators_percent")]
    collaborators_percent: Option<i64>,
}

impl From<WorkspaceRow> for Workspace {
    fn from(row: WorkspaceRow) -> Self {
        Self {
            id: WorkspaceId::from_uuid(row.tenant_id),
            slug: row.slug,
            name: row.name,
            plan: Plan {
                id: PlanId::from_uuid(row.plan.id),
                name: row.plan.name,
                scim: row.plan.scim,
                enforce_domains: row.plan.enforce_domains,
                collaborator_cap: Cap::of_columns(
                    row.plan.collaborators_at_least,
                    row.plan.collaborators_percent,
                ),
            },
            suspended: row.suspended,
            at_limit: row.seat_policy,
            seat_limit: row.seat_limit,
            policy_version: row.policy_version,
            created_at: row.created_at.0,
        }
    }
}

/// Reserves a slug. Returns the workspace that has it, which is the new one if the slug was unused.
pub(crate) async fn reserve_slug(
    database: &Database,
    slug: &str,
    id: WorkspaceId,
) -> Result<WorkspaceId, Error> {
    let mut tx = database.global().await?;
    sqlx::query(
        "INSERT INTO workspace_directory (slug, workspace_id) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING",
    )
    .bind(slug)
    .bind(id.as_uuid())
    .execute(tx.conn())
    .await?;
    let holder: Uuid = sqlx::query_scalar("SELECT workspace_id FROM workspace_directory WHERE slug = $1")
        .bind(slug)
        .fetch_one(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(WorkspaceId::from_uuid(holder))
}

/// Finds the workspace that has a slug.
pub(crate) async fn find_by_slug(database: &Database, slug: &str) -> Result<Option<WorkspaceId>, Error> {
    let mut tx = database.global().await?;
    let id: Option<Uuid> = sqlx::query_scalar("SELECT workspace_id FROM workspace_directory WHERE slug = $1")
        .bind(slug)
        .fetch_optional(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(id.map(WorkspaceId::from_uuid))
}

/// Finds the workspaces that have these slugs.
pub(crate) async fn find_by_slugs(
    database: &Database,
    slugs: &[&str],
) -> Result<Vec<(String, WorkspaceId)>, Error> {
    let mut tx = database.global().await?;
    let rows: Vec<(String, Uuid)> =
        sqlx::query_as("SELECT slug, workspace_id FROM workspace_directory WHERE slug = ANY($1)")
            .bind(slugs)
            .fetch_all(tx.conn())
            .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(|(slug, id)| (slug, WorkspaceId::from_uuid(id))).collect())
}

/// Returns which of the workspaces are suspended.
pub(crate) async fn suspended(database: &Database, ids: &[WorkspaceId]) -> Result<Vec<WorkspaceId>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let mut tx = database.global().await?;
    let suspended: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM suspended_workspaces($1)").bind(ids).fetch_all(tx.conn()).await?;
    tx.commit().await?;
    Ok(suspended.into_iter().map(WorkspaceId::from_uuid).collect())
}

/// Inserts the workspace. Returns `false` if it existed.
pub(crate) async fn insert(
    database: &ScopedDatabase,
    workspace: &Workspace,
    entry: AuditEntry,
) -> Result<bool, Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO workspaces (tenant_id, slug, name, plan_id, suspended, seat_policy, seat_limit, policy_version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id) DO NOTHING",
    )
    .bind(tenant)
    .bind(&workspace.slug)
    .bind(&workspace.name)
    .bind(workspace.plan.id.as_uuid())
    .bind(workspace.suspended)
    .bind(workspace.at_limit)
    .bind(workspace.seat_limit)
    .bind(workspace.policy_version)
    .bind(Time(workspace.created_at))
    .execute(tx.conn())
    .await?;
    let inserted = done.rows_affected() == 1;
    if inserted {
        audit::insert(&mut tx, entry).await?;
    }
    tx.commit().await?;
    Ok(inserted)
}

const WORKSPACE: &str =
    "SELECT w.tenant_id, w.slug, w.name, w.plan_id, w.suspended, w.seat_policy, w.seat_limit,
       w.policy_version, w.created_at, p.name AS plan_name, p.scim AS plan_scim,
       p.enforce_domains AS plan_enforce_domains, p.collaborators_at_least AS plan_collaborators_at_least,
       p.collaborators_percent AS plan_collaborators_percent
     FROM workspaces w JOIN plans p ON p.plan_id = w.plan_id WHERE w.tenant_id = $1";

/// The workspace of the transaction.
pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<Workspace>, Error> {
    let tenant = tx.tenant();
    let row: Option<WorkspaceRow> = sqlx::query_as(WORKSPACE).bind(tenant).fetch_optional(tx.conn()).await?;
    Ok(row.map(Workspace::from))
}

/// The workspace of the transaction, locked until it ends.
pub(crate) async fn lock(tx: &mut TenantTx) -> Result<Option<Workspace>, Error> {
    let tenant = tx.tenant();
    let sql = AssertSqlSafe(format!("{WORKSPACE} FOR UPDATE OF w"));
    let row: Option<WorkspaceRow> = sqlx::query_as(sql).bind(tenant).fetch_optional(tx.conn()).await?;
    Ok(row.map(Workspace::from))
}

/// A page of all workspaces, ordered by slug.
pub(crate) async fn list(database: &Database, after: &str, max: u32) -> Result<Vec<Workspace>, Error> {
    let mut tx = database.global().await?;
    let rows: Vec<WorkspaceRow> = sqlx::query_as("SELECT * FROM list_workspaces($1, $2)")
        .bind(after)
        .bind(i32::try_from(max).unwrap_or(i32::MAX))
        .fetch_all(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(Workspace::from).collect())
}

/// Writes the changeable columns of a locked workspace, increases the policy version and announces it.
pub(crate) async fn update(tx: &mut TenantTx, workspace: &Workspace) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "UPDATE workspaces SET name = $2, plan_id = $3, suspended = $4, seat_policy = $5, seat_limit = $6 WHERE tenant_id = $1",
    )
    .bind(tenant)
    .bind(&workspace.name)
    .bind(workspace.plan.id.as_uuid())
    .bind(workspace.suspended)
    .bind(workspace.at_limit)
    .bind(workspace.seat_limit)
    .execute(tx.conn())
    .await?;
    raise_policy(tx).await
}

/// Increases the policy version and announces it.
pub(crate) async fn raise_policy(tx: &mut TenantTx) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("UPDATE workspaces SET policy_version = policy_version + 1 WHERE tenant_id = $1")
        .bind(tenant)
        .execute(tx.conn())
        .await?;
    announce(tx).await
}

/// Tells all gateways, when the transaction commits, to discard their cache of the workspace.
pub(crate) async fn announce(tx: &mut TenantTx) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(crate::announcements::CHANNEL)
        .bind(tenant.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}
