//! Alerts: the usage of a pool reached a threshold of its limit.

use jiff::Timestamp;
use usher_base::{CallContext, Permission};
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::ledger::model::head::Ledger;
use crate::ledger::seats_in_use::SeatsInUse;
use crate::limits::model::alert::Alert;
use crate::limits::model::limit::reached;
use crate::limits::store::{alerts as store, limits};

/// Returns the raised alerts, oldest first; at most 1,000.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Alert>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.begin().await?;
    let alerts = store::all(&mut tx).await?;
    tx.commit().await?;
    Ok(alerts)
}

/// Raises alerts for thresholds that were reached by changes of seats or limits, once per threshold and version.
pub(crate) async fn raise(tx: &mut TenantTx, ledger: &Ledger, now: Timestamp) -> Result<(), BillingError> {
    let limits = limits::last(tx).await?;
    if limits.iter().all(|limit| limit.quantity.is_none()) {
        return Ok(());
    }
    // Links only merge persons, so a threshold that the single keys do not reach is not reached by persons either.
    let keys = SeatsInUse::of_keys(ledger);
    if limits.iter().all(|limit| reached(limit, keys.of(limit.pool)).next().is_none()) {
        return Ok(());
    }
    let seats = SeatsInUse::read(tx, ledger).await?;
    for limit in limits.into_iter().filter(|limit| limit.quantity.is_some()) {
        let in_use = seats.of(limit.pool);
        for threshold in reached(&limit, in_use) {
            if store::insert(tx, &limit, threshold, in_use, ledger.sequence, now).await? {
                tracing::warn!(
                    workspace = %tx.tenant(), pool = limit.pool.as_str(), threshold, in_use,
                    limit = limit.quantity, policy = limit.rule.at_limit.as_str(),
                    "usage of a pool reached a threshold of its limit"
                );
                metrics::counter!("usher_seat_limit_alerts_total", "pool" => limit.pool.as_str())
                    .increment(1);
            }
        }
    }
    Ok(())
}
