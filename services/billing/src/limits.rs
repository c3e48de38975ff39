//! The rules of limits: setting them, and alerts as seats are taken.

use serde_json::json;
use usher_base::{CallContext, Permission};
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::error::BillingError;
use crate::ledger::Ledger;
use crate::limit::{Limit, Policy, Pool, reached};
use crate::store::{accounts, limits as store};

/// A limit to set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewLimit {
    pub(crate) pool: Pool,
    pub(crate) quantity: Option<i64>,
    pub(crate) policy: Policy,
    pub(crate) committed: i64,
}

/// Sets a pool's limit, as a new version. Nobody loses a seat by it.
pub(crate) async fn set(
    database: &Database,
    ctx: &CallContext,
    new: NewLimit,
) -> Result<Limit, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    accounts::lock(&mut tx).await?;
    let current = store::current(&mut tx, ctx.now()).await?;
    let version = current.iter().find(|limit| limit.pool == new.pool).map_or(1, |limit| limit.version + 1);
    let NewLimit { pool, quantity, policy, committed } = new;
    let limit = Limit { pool, version, quantity, policy, committed };
    store::insert(&mut tx, &limit, ctx.now(), &ctx.actor().to_string()).await?;
    let detail = json!({
        "pool": pool.as_str(), "version": version, "quantity": quantity, "policy": policy.as_str(),
        "committed": committed,
    });
    audit::note(&mut tx, ctx, "limit.set", detail).await?;
    tx.commit().await?;
    Ok(limit)
}

/// The limits that hold.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Vec<Limit>, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let limits = store::current(&mut tx, ctx.now()).await?;
    tx.commit().await?;
    Ok(limits)
}

/// An alert that was raised.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) pool: String,
    pub(crate) version: i64,
    /// Percent of the limit.
    pub(crate) threshold: i32,
    pub(crate) in_use: i64,
    pub(crate) at: jiff::Timestamp,
}

/// The alerts that were raised, oldest first; at most 1,000.
pub(crate) async fn alerts(database: &Database, ctx: &CallContext) -> Result<Vec<Alert>, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let alerts = store::alerts(&mut tx).await?;
    tx.commit().await?;
    Ok(alerts)
}

/// How a pool stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) would_fit: bool,
    pub(crate) in_use: i64,
    pub(crate) quantity: Option<i64>,
}

/// Whether some more seats would fit, by what billing knows: advice, because identity decides.
pub(crate) async fn check(
    database: &Database,
    ctx: &CallContext,
    pool: Pool,
    delta: i64,
) -> Result<Capacity, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let limits = store::current(&mut tx, ctx.now()).await?;
    let in_use = store::in_use(&mut tx, pool).await?;
    tx.commit().await?;
    let limit = limits.into_iter().find(|limit| limit.pool == pool);
    let quantity = limit.as_ref().and_then(|limit| limit.quantity);
    let blocks = limit.is_some_and(|limit| matches!(limit.policy, Policy::Block | Policy::Degrade));
    let would_fit = delta <= 0 || !blocks || quantity.is_none_or(|most| in_use + delta <= most);
    Ok(Capacity { would_fit, in_use, quantity })
}

/// Raises alerts for thresholds that were reached by what was just applied, each once a version.
pub(crate) async fn alert(
    tx: &mut TenantTx,
    ledger: &Ledger,
    now: jiff::Timestamp,
) -> Result<(), BillingError> {
    for limit in store::current(tx, now).await? {
        if limit.quantity.is_none() {
            continue;
        }
        let in_use = store::in_use(tx, limit.pool).await?;
        for threshold in reached(&limit, in_use) {
            if store::raise(tx, &limit, threshold, in_use, ledger.sequence, now).await? {
                tracing::warn!(
                    workspace = %tx.tenant(), pool = limit.pool.as_str(), threshold, in_use,
                    limit = limit.quantity, policy = limit.policy.as_str(), "seats in use reached a threshold of their limit"
                );
                metrics::counter!("usher_seat_limit_alerts_total", "pool" => limit.pool.as_str())
                    .increment(1);
            }
        }
    }
    Ok(())
}
