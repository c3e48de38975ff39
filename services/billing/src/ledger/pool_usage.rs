//! Counts the open seats of pools.

use usher_rating::Calendar;
use usher_seats::Pool;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::members;
use crate::ledger::model::pool_usage::{PoolChanges, PoolUsages};

impl PoolUsages {
    /// Counts the open seats of some pools within a calendar, from the facts up to a number.
    pub(crate) async fn count(
        tx: &mut TenantTx,
        sequence: i64,
        pools: &[Pool],
        calendar: &Calendar,
    ) -> Result<Self, BillingError> {
        let mut changes = PoolChanges::none();
        for pool in pools {
            changes.cover(*pool, calendar);
        }
        members::each_person(tx, sequence, changes.span([calendar]), |stays| changes.add(stays)).await?;
        Ok(changes.finish())
    }
}
