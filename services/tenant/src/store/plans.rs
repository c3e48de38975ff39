//! Plans.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::PlanId;
use usher_store::{Database, Error, OnConstraint as _, Time};
use uuid::Uuid;

use crate::error::TenantError;
use crate::plans::Plan;

#[derive(FromRow)]
struct PlanRow {
    plan_id: Uuid,
    name: String,
    scim: bool,
    enforce_domains: bool,
}

impl From<PlanRow> for Plan {
    fn from(PlanRow { plan_id, name, scim, enforce_domains }: PlanRow) -> Self {
        Self { id: PlanId::from_uuid(plan_id), name, scim, enforce_domains }
    }
}

pub(crate) async fn insert(database: &Database, plan: &Plan, now: Timestamp) -> Result<(), TenantError> {
    let mut tx = database.global().await?;
    sqlx::query(
        "INSERT INTO plans (plan_id, name, scim, enforce_domains, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(plan.id.as_uuid())
    .bind(&plan.name)
    .bind(plan.scim)
    .bind(plan.enforce_domains)
    .bind(Time(now))
    .execute(tx.conn())
    .await
    .on_constraint("plans_name_key", || TenantError::AlreadyExists {
        what: "plan",
        name: plan.name.clone(),
    })?;
    Ok(tx.commit().await?)
}

pub(crate) async fn list(database: &Database) -> Result<Vec<Plan>, Error> {
    let mut tx = database.global().await?;
    let rows: Vec<PlanRow> =
        sqlx::query_as("SELECT plan_id, name, scim, enforce_domains FROM plans ORDER BY name")
            .fetch_all(tx.conn())
            .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(Plan::from).collect())
}

/// By name or id.
pub(crate) async fn find(database: &Database, name_or_id: &str) -> Result<Option<Plan>, Error> {
    let mut tx = database.global().await?;
    let row: Option<PlanRow> = sqlx::query_as(
        "SELECT plan_id, name, scim, enforce_domains FROM plans WHERE name = $1 OR plan_id::text = $1",
    )
    .bind(name_or_id)
    .fetch_optional(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(row.map(Plan::from))
}
