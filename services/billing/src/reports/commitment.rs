//! Commitments: what is bought and used.

use usher_store::TenantTx;

use super::Subject;
use super::writer::{Cell, Writer};
use crate::commitment::committed;
use crate::draft;
use crate::error::BillingError;
use crate::limit::Pool;
use crate::pool_usage::PoolUsage;
use crate::store::commitments as store;

/// `in_use` is the date's peak.
pub(super) const COLUMNS: [&str; 6] = ["date", "pool", "committed", "in_use", "over", "true_up_amount"];

pub(super) async fn write(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    let known = store::known(tx, subject.known.at).await?;
    let calendar = subject.period.calendar()?;
    let stays = draft::stays(tx, subject.known.sequence, &calendar).await?;
    for pool in Pool::ALL {
        let usage = PoolUsage::new(&stays, pool, &calendar);
        for (day, date) in calendar.dates().iter().enumerate() {
            let committed = committed(&known, pool, *date);
            if committed == 0 {
                continue;
            }
            let in_use = usage.peak(calendar.start(day), calendar.start(day + 1));
            let row = [
                date.to_string().into(),
                pool.as_str().into(),
                committed.into(),
                in_use.into(),
                (in_use - committed).max(0).into(),
                Cell::Empty,
            ];
            writer.row(&row).await?;
        }
    }
    Ok(())
}
