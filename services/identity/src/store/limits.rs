//! The limits of pools, as they are enforced here.

use serde::Deserialize;
use usher_proto::billing::v1 as pb;
use usher_store::{Error, ScopedDatabase};

use crate::policy::{Policy, Share};

/// Takes over what the workspace's plan gives by a policy, unless a later one is here. Nothing is judged
/// by a policy before.
pub(crate) async fn take_plan(database: &ScopedDatabase, policy: &Policy) -> Result<(), Error> {
    let share = policy.collaborators;
    database
        .statement::<(bool,)>("SELECT * FROM take_plan_limits($1, $2, $3, $4, $5, $6)")
        .bind(policy.version)
        .bind(policy.at_limit.as_str())
        .bind(policy.seat_limit)
        .bind(share.map(|share| share.at_least))
        .bind(share.map(|share| share.percent))
        .fetch_optional()
        .await?;
    Ok(())
}

/// Takes a version of billing's over, unless a later one is here.
pub(crate) async fn take_billing(database: &ScopedDatabase, limit: &pb::WorkspaceLimit) -> Result<(), Error> {
    database
        .statement::<(bool,)>("SELECT * FROM take_billing_limit($1, $2, $3, $4, $5, $6, $7)")
        .bind(limit.pool.clone())
        .bind(limit.version)
        .bind(limit.quantity)
        .bind(limit.policy.clone())
        .bind(limit.plan_version)
        .bind(limit.committed)
        .fetch_optional()
        .await?;
    Ok(())
}

/// What the plan gives of a pool, as a row of `seat_limits`.
#[derive(Debug, Deserialize)]
pub(super) struct PlanLimitRow {
    pool: String,
    version: i64,
    quantity: Option<i64>,
    policy: String,
    at_least: Option<i64>,
    percent: Option<i64>,
}

impl From<PlanLimitRow> for pb::PlanLimit {
    fn from(row: PlanLimitRow) -> Self {
        let share = row.at_least.zip(row.percent).map(|(at_least, percent)| Share { at_least, percent });
        Self {
            pool: row.pool,
            version: row.version,
            // Of a share, billing finds the number.
            quantity: row.quantity.filter(|_| share.is_none()),
            policy: row.policy,
            share: share.map(|Share { at_least, percent }| pb::Share { at_least, percent }),
        }
    }
}
