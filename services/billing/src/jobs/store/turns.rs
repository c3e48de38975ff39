//! When each workspace's turn of a job is due, and which replica leases it.

use jiff::Timestamp;
use usher_base::id::WorkspaceId;
use usher_store::{Database, TenantTx, Time};
use uuid::Uuid;

use crate::error::BillingError;
use crate::jobs::model::{Job, Trouble, Turn};

/// Returns the due turns, the longest overdue first.
pub(crate) async fn due(
    database: &Database,
    job: Job,
    now: Timestamp,
    most: i32,
) -> Result<Vec<Turn>, BillingError> {
    let mut tx = database.global().await?;
    let rows: Vec<(Uuid, Time)> = sqlx::query_as("SELECT tenant_id, run_at FROM jobs_due($1, $2, $3)")
        .bind(job.as_str())
        .bind(Time(now))
        .bind(most)
        .fetch_all(tx.conn())
        .await?;
    tx.commit().await?;
    let turn = |(tenant, at): (Uuid, Time)| Turn { workspace: WorkspaceId::from_uuid(tenant), at: at.0 };
    Ok(rows.into_iter().map(turn).collect())
}

/// Returns the number of workspaces with a problem.
pub(crate) async fn count_troubled(database: &Database, job: Job) -> Result<i64, BillingError> {
    let mut tx = database.global().await?;
    let count =
        sqlx::query_scalar("SELECT jobs_in_trouble($1)").bind(job.as_str()).fetch_one(tx.conn()).await?;
    tx.commit().await?;
    Ok(count)
}

/// Inserts the turns of a new ledger.
pub(crate) async fn insert(tx: &mut TenantTx, now: Timestamp) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO jobs (tenant_id, job, run_at) SELECT $1, j, $3 FROM unnest($2::text[]) j
         ON CONFLICT (tenant_id, job) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(Job::ALL.map(|job| job.as_str().to_owned()).to_vec())
    .bind(Time(now))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes the next turn of a job due now. A replica that holds the turn continues; work that both do takes effect
/// once.
pub(crate) async fn hurry(tx: &mut TenantTx, job: Job, now: Timestamp) -> Result<(), BillingError> {
    sqlx::query("UPDATE jobs SET run_at = $3 WHERE tenant_id = $1 AND job = $2 AND run_at > $3")
        .bind(tx.tenant())
        .bind(job.as_str())
        .bind(Time(now))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Leases a turn. Returns `None` if another replica was faster.
pub(crate) async fn claim(
    tx: &mut TenantTx,
    job: Job,
    at: Timestamp,
    lease: Timestamp,
) -> Result<Option<Option<Trouble>>, BillingError> {
    let row: Option<(Option<Time>, Option<Time>)> = sqlx::query_as(
        "UPDATE jobs SET run_at = $4 WHERE tenant_id = $1 AND job = $2 AND run_at = $3
         RETURNING trouble_since, told_at",
    )
    .bind(tx.tenant())
    .bind(job.as_str())
    .bind(Time(at))
    .bind(Time(lease))
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(since, told)| Some(Trouble { since: since?.0, told_at: told?.0 })))
}

/// Schedules the next turn. Changes nothing if the lease has ended, because another replica may hold the turn now.
pub(crate) async fn finish(
    tx: &mut TenantTx,
    job: Job,
    lease: Timestamp,
    next: Timestamp,
    trouble: Option<Trouble>,
) -> Result<(), BillingError> {
    sqlx::query(
        "UPDATE jobs SET run_at = $4, trouble_since = $5, told_at = $6
         WHERE tenant_id = $1 AND job = $2 AND run_at = $3",
    )
    .bind(tx.tenant())
    .bind(job.as_str())
    .bind(Time(lease))
    .bind(Time(next))
    .bind(trouble.map(|trouble| Time(trouble.since)))
    .bind(trouble.map(|trouble| Time(trouble.told_at)))
    .execute(tx.conn())
    .await?;
    Ok(())
}
