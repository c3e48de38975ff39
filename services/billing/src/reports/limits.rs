//! Report `LIMITS`: allowed and used seats in a period.

use jiff::Timestamp;
use usher_seats::Pool;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::view::View;
use crate::ledger::model::pool_usage::PoolUsages;
use crate::limits::store::{limits as store, refusals};
use crate::reports::writer::{Cell, Writer};

/// `class` is the pool. The limit is the one in force at the period's end, or at the time of the report if the period
/// has not ended.
pub(super) const COLUMNS: [&str; 7] =
    ["class", "limit", "policy", "in_use", "percent", "first_hit_at", "blocked_count"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let calendar = &view.calendar;
    let end = calendar.close().min(view.known.at.as_microsecond().saturating_add(1));
    let last = Timestamp::from_microsecond(end - 1).unwrap_or(view.known.at);
    let versions = store::until(tx, last).await?;
    let limited = |pool: &Pool| versions.iter().any(|(_, limit)| limit.pool == *pool);
    let pools: Vec<Pool> = Pool::ALL.into_iter().filter(limited).collect();
    if pools.is_empty() {
        return Ok(());
    }
    let usages = PoolUsages::count(tx, view.known.sequence, &pools, calendar).await?;
    for pool in pools {
        let of_pool: Vec<_> = versions.iter().filter(|(_, limit)| limit.pool == pool).collect();
        let Some((_, limit)) = of_pool.last() else { continue };
        let Some(usage) = usages.of(pool) else { continue };
        let in_use = usage.at(end - 1);
        let limits: Vec<_> =
            of_pool.iter().map(|(at, limit)| (at.as_microsecond(), limit.quantity)).collect();
        let first_hit = usage.first_hit(&limits, end).and_then(|at| Timestamp::from_microsecond(at).ok());
        let percent = limit.quantity.filter(|most| *most > 0).map(|most| in_use * 100 / most);
        let whole = (calendar.open(), calendar.close());
        let blocked = refusals::between(tx, pool, whole, view.known.at).await?;
        let row = [
            pool.as_str().into(),
            limit.quantity.map_or(Cell::Empty, Cell::Number),
            limit.rule.at_limit.to_string().into(),
            in_use.into(),
            percent.map_or(Cell::Empty, Cell::Number),
            first_hit.map_or(Cell::Empty, |at| Cell::Text(at.to_string())),
            blocked.into(),
        ];
        writer.row(&row).await?;
    }
    Ok(())
}
