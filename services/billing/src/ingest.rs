//! Applies what identity sends, together with its effects on limits and jobs, in one transaction.

use jiff::Timestamp;
use usher_base::Clock;
use usher_base::id::PersonKey;
use usher_seats::ComparisonOutcome;
use usher_store::{ScopedDatabase, TenantTx};

use crate::error::BillingError;
use crate::jobs::model::Job;
use crate::jobs::store::turns;
use crate::ledger::model::batch::Batch;
use crate::ledger::model::head::Watermark;
use crate::ledger::model::state::{ActiveUser, Claim, ClassState};
use crate::ledger::reconciliation::{self, Compared};
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

/// Compares the states of both services by digest.
pub(crate) async fn compare(
    database: &ScopedDatabase,
    clock: &Clock,
    claim: &Claim<Vec<ClassState>>,
) -> Result<ComparisonOutcome, BillingError> {
    let compared = reconciliation::compare(database, clock, claim).await?;
    retry_closing(database, clock, compared).await
}

/// Compares the states of both services user by user. Also returns the persons that differ.
pub(crate) async fn reconcile(
    database: &ScopedDatabase,
    clock: &Clock,
    claim: &Claim<Vec<ActiveUser>>,
) -> Result<(ComparisonOutcome, Vec<PersonKey>), BillingError> {
    let (compared, persons) = reconciliation::reconcile(database, clock, claim).await?;
    Ok((retry_closing(database, clock, compared).await?, persons))
}

/// Repeats an attempt to close at once, because a requested comparison may be the proof that the attempt lacked.
/// Without this it would be repeated later.
async fn retry_closing(
    database: &ScopedDatabase,
    clock: &Clock,
    compared: Compared,
) -> Result<ComparisonOutcome, BillingError> {
    if compared.is_wanted_proof {
        let mut tx = database.begin_at(clock.now()).await?;
        turns::hurry(&mut tx, Job::Close, clock.now()).await?;
        tx.commit().await?;
    }
    Ok(compared.outcome)
}

/// Inserts the turns of a new ledger's jobs. They are due at once, and each turn schedules the next one.
async fn begin_jobs(tx: &mut TenantTx) -> Result<(), BillingError> {
    turns::insert(tx, Timestamp::UNIX_EPOCH).await
}
