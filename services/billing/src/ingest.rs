//! Applies what identity sends, together with its effects on limits and jobs, in one transaction.

use jiff::Timestamp;
use usher_store::{ScopedDatabase, TenantTx};

use crate::error::BillingError;
use crate::jobs::store::turns;
use crate::ledger::model::batch::Batch;
use crate::ledger::model::head::Watermark;
use crate::ledger::watermarks::Wish;
use crate::ledger::{self, Appended, watermarks};
use crate::limits::alerts;

/// Applies a batch, whole or not at all, and raises the alerts that it causes.
pub(crate) async fn append(
    database: &ScopedDatabase,
    now: Timestamp,
    batch: &Batch,
) -> Result<Appended, BillingError> {
    let mut tx = database.begin_at(now).await?;
    let (appended, change) = ledger::append(&mut tx, now, batch).await?;
    let Some(change) = change else { return Ok(appended) };
    if change.is_first {
        begin_jobs(&mut tx).await?;
    }
    if appended.refused.is_none() {
        alerts::raise(&mut tx, &change.ledger, now).await?;
    }
    tx.commit().await?;
    Ok(appended)
}

/// Records a watermark; `known_links` is the version of the links that the producer has. Watermarks never go back. A
/// watermark that is ahead of the clock is not recorded, because it would promise something about the future.
pub(crate) async fn advance(
    database: &ScopedDatabase,
    now: Timestamp,
    epoch: i64,
    watermark: Watermark,
    known_links: &str,
) -> Result<Option<Wish>, BillingError> {
    if watermarks::is_ahead(watermark, now) {
        return Ok(None);
    }
    let mut tx = database.begin_at(now).await?;
    let (wish, is_first) = watermarks::advance(&mut tx, now, epoch, watermark, known_links).await?;
    if is_first {
        begin_jobs(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(Some(wish))
}

/// At once: the first turn finds out when the next one is.
async fn begin_jobs(tx: &mut TenantTx) -> Result<(), BillingError> {
    turns::insert(tx, Timestamp::UNIX_EPOCH).await
}
