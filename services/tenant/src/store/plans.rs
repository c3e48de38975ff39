//! Plans.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::PlanId;
use usher_seats::Cap;
use usher_store::{Database, Error, OnConstraint as _, Time};
use uuid::Uuid;

use crate::audit::AuditEntry;
use crate::error::TenantError;
use crate::plans::Plan;
use crate::store::audit;

#[derive(FromRow)]
struct PlanRow {
    plan_id: Uuid,
    name: String,
    scim: bool,
    enforce_domains: bool,
    collaborators_at_least: Option<i64>,
    collaborators_percent: Option<i64>,
}

impl From<PlanRow> for Plan {
    fn from(row: PlanRow) -> Self {
        Self {
            id: PlanId::from_uuid(row.plan_id),
            name: row.name,
            scim: row.scim,
            enforce_domains: row.enforce_domains,
            collaborator_cap: Cap::of_columns(row.collaborators_at_least, row.collaborators_percent),
        }
    }
}

const PLANS: &str =
    "SELECT plan_id, name, scim, enforce_domains, collaborators_at_least, collaborators_percent FROM plans";

pub(crate) async fn insert(
    database: &Database,
    plan: &Plan,
    now: Timestamp,
    entry: AuditEntry,
) -> Result<(), TenantError> {
    let mut tx = database.global().await?;
    sqlx::query(
        "INSERT INTO plans (plan_id, name, scim, enforce_domains, created_at, collaborators_at_least, collaborators_percent)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(plan.id.as_uuid())
    .bind(&plan.name)
    .bind(plan.scim)
    .bind(plan.enforce_domains)
    .bind(Time(now))
    .bind(plan.collaborator_cap.map(|cap| cap.at_least))
    .bind(plan.collaborator_cap.map(|cap| cap.percent))
    .execute(tx.conn())
    .await
    .on_constraint("plans_name_key", || TenantError::AlreadyExists {
        what: "plan",
        name: plan.name.clone(),
    })?;
    audit::insert_of_installation(&mut tx, entry).await?;
    Ok(tx.commit().await?)
}

pub(crate) async fn list(database: &Database) -> Result<Vec<Plan>, Error> {
    let mut tx = database.global().await?;
    let rows: Vec<PlanRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{PLANS} ORDER BY name"))).fetch_all(tx.conn()).await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(Plan::from).collect())
}

/// Finds a plan by name or id.
pub(crate) async fn find(database: &Database, name_or_id: &str) -> Result<Option<Plan>, Error> {
    let mut tx = database.global().await?;
    let sql = format!("{PLANS} WHERE name = $1 OR plan_id::text = $1");
    let row: Option<PlanRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(name_or_id).fetch_optional(tx.conn()).await?;
    tx.commit().await?;
    Ok(row.map(Plan::from))
}
