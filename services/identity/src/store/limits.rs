//! The limits of pools as they are enforced here.

use serde::Deserialize;
use usher_proto::billing::v1 as pb;
use usher_rpc::{WireEnum as _, cap_to_wire};
use usher_seats::{AtLimit, Cap, Pool};
use usher_store::{Error, ScopedDatabase};

use crate::policy::Policy;

/// Stores the plan's limits from a policy, unless a later version is stored. The policy is used only after this.
pub(crate) async fn take_plan(database: &ScopedDatabase, policy: &Policy) -> Result<(), Error> {
    let cap = policy.collaborators;
    database
        .statement::<(bool,)>("SELECT * FROM take_plan_limits($1, $2, $3, $4, $5, $6)")
        .bind(policy.version)
        .bind(policy.at_limit)
        .bind(policy.seat_limit)
        .bind(cap.map(|cap| cap.at_least))
        .bind(cap.map(|cap| cap.percent))
        .fetch_optional()
        .await?;
    Ok(())
}

/// Takes a version of billing's over, unless a later one is here.
pub(crate) async fn take_billing(
    database: &ScopedDatabase,
    (pool, at_limit): (Pool, AtLimit),
    limit: &pb::WorkspaceLimit,
) -> Result<(), Error> {
    database
        .statement::<(bool,)>("SELECT * FROM take_billing_limit($1, $2, $3, $4, $5, $6, $7)")
        .bind(pool)
        .bind(limit.version)
        .bind(limit.quantity)
        .bind(at_limit)
        .bind(limit.plan_version)
        .bind(limit.committed)
        .fetch_optional()
        .await?;
    Ok(())
}

/// Counts a seat that was refused.
pub(crate) async fn count_refusal(database: &ScopedDatabase, pool: Pool) -> Result<(), Error> {
    let count = database.statement::<(i64,)>("SELECT * FROM count_refusal($1, $2)").bind(pool);
    count.fetch_optional().await?;
    Ok(())
}

/// The number of refused seats of a pool, as a row of `seat_refusals`.
#[derive(Debug, Deserialize)]
pub(super) struct RefusalsRow {
    pool: Pool,
    refused: i64,
}

impl From<RefusalsRow> for pb::SeatRefusals {
    fn from(RefusalsRow { pool, refused }: RefusalsRow) -> Self {
        Self { pool: pool.to_wire(), refused }
    }
}

/// A limit of the plan, as a row of `seat_limits`.
#[derive(Debug, Deserialize)]
pub(super) struct PlanLimitRow {
    pool: Pool,
    version: i64,
    quantity: Option<i64>,
    policy: AtLimit,
    at_least: Option<i64>,
    percent: Option<i64>,
}

impl From<PlanLimitRow> for pb::PlanLimit {
    fn from(row: PlanLimitRow) -> Self {
        let cap = Cap::of_columns(row.at_least, row.percent);
        Self {
            pool: row.pool.to_wire(),
            version: row.version,
            // Of a cap, billing finds the number.
            quantity: row.quantity.filter(|_| cap.is_none()),
            at_limit: row.policy.to_wire(),
            cap: cap.map(cap_to_wire),
        }
    }
}
