//! The approved domains, whose people may be provisioned.

use jiff::Timestamp;
use serde_json::json;
use usher_base::CallContext;
use usher_base::domain::DomainName;
use usher_rpc::convert::parse;
use usher_store::Database;

use crate::admins::Admins;
use crate::audit::{Action, AuditEntry};
use crate::authority;
use crate::error::TenantError;
use crate::methods::ADMIN;
use crate::store::{audit, domains, workspaces};

/// The maximum number of domains of a workspace. Identity reads all of them with every change of the policy.
const MAX_DOMAINS: i64 = 1_000;

/// An approved domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApprovedDomain {
    /// A-label form, lower case.
    pub(crate) name: String,
    pub(crate) approved_at: Timestamp,
    /// The actor who approved it.
    pub(crate) approved_by: String,
}

/// Approves a domain. Does nothing if it is approved already.
pub(crate) async fn approve(
    admins: &Admins,
    ctx: &CallContext,
    name: &str,
    own_password: &str,
) -> Result<ApprovedDomain, TenantError> {
    let database = admins.database.scoped(&ctx.scope_with_any(ADMIN)?);
    let domain: DomainName = parse("name", name)?;
    admins.asked_again(ctx, &database, own_password).await?;
    let mut tx = database.begin().await?;
    authority::get(ctx, &mut tx).await?;
    let by = ctx.actor().to_string();
    if domains::insert(&mut tx, &domain, ctx.now(), &by).await? {
        // This locks the workspace, so that parallel approvals are counted one after the other.
        workspaces::raise_policy(&mut tx).await?;
        if domains::count(&mut tx).await? > MAX_DOMAINS {
            return Err(TenantError::WorkspaceFull { what: "approved domains", max: MAX_DOMAINS });
        }
        let entry = AuditEntry::new(ctx, Action::ApproveDomain, &domain, json!({}));
        audit::insert(&mut tx, entry).await?;
    }
    let approved = domains::find(&mut tx, &domain).await?;
    tx.commit().await?;
    approved.ok_or_else(|| TenantError::NotFound { what: "domain", name: domain.to_string() })
}

/// The approved domains, ordered by name.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<ApprovedDomain>, TenantError> {
    let scope = ctx.scope_with_any(ADMIN)?;
    let mut tx = database.scoped(&scope).begin().await?;
    authority::get(ctx, &mut tx).await?;
    let domains = domains::list(&mut tx).await?;
    tx.commit().await?;
    Ok(domains)
}

/// Removes a domain. Existing users stay.
pub(crate) async fn remove(
    admins: &Admins,
    ctx: &CallContext,
    name: &str,
    own_password: &str,
) -> Result<(), TenantError> {
    let database = admins.database.scoped(&ctx.scope_with_any(ADMIN)?);
    let domain: DomainName = parse("name", name)?;
    admins.asked_again(ctx, &database, own_password).await?;
    let mut tx = database.begin().await?;
    authority::get(ctx, &mut tx).await?;
    if !domains::delete(&mut tx, domain.as_str()).await? {
        return Err(TenantError::NotFound { what: "domain", name: domain.to_string() });
    }
    workspaces::raise_policy(&mut tx).await?;
    audit::insert(&mut tx, AuditEntry::new(ctx, Action::RemoveDomain, &domain, json!({}))).await?;
    Ok(tx.commit().await?)
}
