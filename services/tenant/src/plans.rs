//! Plans: what workspaces can buy.

use serde_json::json;
use usher_base::id::PlanId;
use usher_base::printable::is_hidden;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_seats::Cap;
use usher_store::Database;

use crate::audit::{Action, AuditEntry};
use crate::error::TenantError;
use crate::store::plans;

/// A plan. It never changes; a workspace can switch to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) id: PlanId,
    pub(crate) name: String,
    /// Whether SCIM provisioning is included.
    pub(crate) scim: bool,
    /// Whether only people of approved domains may be provisioned.
    pub(crate) enforce_domains: bool,
    /// The maximum of Collaborators; none is no limit.
    pub(crate) collaborator_cap: Option<Cap>,
}

pub(crate) async fn create(database: &Database, ctx: &CallContext, plan: Plan) -> Result<Plan, TenantError> {
    ctx.require(Permission::TenantAdmin)?;
    if plan.name.trim().is_empty() || plan.name.chars().count() > 100 || plan.name.contains(is_hidden) {
        return Err(invalid("plan.name", "it must have 1 to 100 printable characters").into());
    }
    let detail = json!({ "name": plan.name, "scim": plan.scim, "enforce_domains": plan.enforce_domains });
    let entry = AuditEntry::new(ctx, Action::CreatePlan, &plan.id, detail);
    plans::insert(database, &plan, ctx.now(), entry).await?;
    Ok(plan)
}

/// All plans.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Plan>, TenantError> {
    ctx.require(Permission::TenantAdmin)?;
    Ok(plans::list(database).await?)
}

/// Finds a plan by name or id.
pub(crate) async fn get(database: &Database, name_or_id: &str) -> Result<Plan, TenantError> {
    plans::find(database, name_or_id)
        .await?
        .ok_or_else(|| TenantError::NotFound { what: "plan", name: name_or_id.to_owned() })
}
