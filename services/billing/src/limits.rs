//! The rules of limits: set and clear them, and check whether more seats would fit.

pub(crate) mod alerts;
pub(crate) mod feed;
pub(crate) mod licences;
pub(crate) mod limit_versions;
pub(crate) mod look;
pub mod model;
pub(crate) mod refusals;
pub(crate) mod store;
pub(crate) mod view;

use serde_json::json;
use usher_base::{CallContext, Permission};
use usher_seats::Pool;
use usher_store::Database;

use crate::audit;
use crate::error::BillingError;
use crate::ledger::seats_in_use::SeatsInUse;
use crate::ledger::store::ledgers;
use crate::limits::limit_versions::{Said, renew};
use crate::limits::model::limit::{Limit, Most, Rule};
use crate::terms::store::accounts;

/// Sets a pool's limit instead of the plan's, or returns to the plan's. Nobody loses a seat.
pub(crate) async fn say(database: &Database, ctx: &CallContext, said: Said) -> Result<Limit, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    accounts::lock(&mut tx).await?;
    let before = store::limits::find(&mut tx, said.pool).await?;
    renew(&mut tx, scope.now(), &scope.actor().to_string(), Some(said)).await?;
    let limit = store::limits::find(&mut tx, said.pool).await?;
    if limit != before {
        let (action, detail) = match said.rule {
            Some(rule) => ("limit.set", spelled(said.pool, rule)),
            None => ("limit.clear", json!({ "pool": said.pool.as_str() })),
        };
        audit::note(&mut tx, &scope, action, detail).await?;
    }
    tx.commit().await?;
    Ok(limit.unwrap_or(Limit {
        pool: said.pool,
        version: 0,
        plan_version: Some(0),
        rule: Rule::UNLIMITED,
        quantity: None,
        committed: 0,
    }))
}

fn spelled(pool: Pool, rule: Rule) -> serde_json::Value {
    let (pool, policy) = (pool.as_str(), rule.at_limit.as_str());
    match rule.most {
        Most::Unlimited => json!({ "pool": pool, "policy": policy, "quantity": null }),
        Most::Seats(seats) => json!({ "pool": pool, "policy": policy, "quantity": seats }),
        Most::Cap(cap) => json!({
            "pool": pool, "policy": policy, "at_least": cap.at_least, "percent": cap.percent,
        }),
    }
}

/// Returns the limits in force.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Vec<Limit>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.begin().await?;
    let limits = store::limits::last(&mut tx).await?;
    tx.commit().await?;
    Ok(limits)
}

/// The usage and the limit of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) would_fit: bool,
    pub(crate) in_use: i64,
    pub(crate) quantity: Option<i64>,
}

/// Returns whether some more seats would fit, as far as billing knows. This is advice, because identity decides.
pub(crate) async fn check(
    database: &Database,
    ctx: &CallContext,
    pool: Pool,
    delta: i64,
) -> Result<Capacity, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.begin().await?;
    let limit = store::limits::find(&mut tx, pool).await?;
    let in_use = match ledgers::find(&mut tx).await? {
        Some(ledger) => SeatsInUse::read(&mut tx, &ledger).await?.of(pool),
        None => 0,
    };
    tx.commit().await?;
    let quantity = limit.and_then(|limit| limit.quantity);
    let blocks = limit.is_some_and(|limit| limit.rule.at_limit.is_enforced());
    let would_fit = delta <= 0 || !blocks || quantity.is_none_or(|most| in_use.saturating_add(delta) <= most);
    Ok(Capacity { would_fit, in_use, quantity })
}
