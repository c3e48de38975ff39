//! The versions of limits.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_seats::{AtLimit, Cap, Pool};
use usher_store::{TenantTx, Time};

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::limits::model::limit::{Limit, Most, PlanLimit, Rule};

#[derive(FromRow)]
struct LimitRow {
    pool: Pool,
    version: i64,
    plan_version: Option<i64>,
    quantity: Option<i64>,
    policy: AtLimit,
    at_least: Option<i64>,
    percent: Option<i64>,
    committed: i64,
}

impl LimitRow {
    fn rule(&self) -> Rule {
        let most = match (Cap::of_columns(self.at_least, self.percent), self.quantity) {
            (Some(cap), _) => Most::Cap(cap),
            (None, Some(quantity)) => Most::Seats(quantity),
            (None, None) => Most::Unlimited,
        };
        Rule { most, at_limit: self.policy }
    }
}

impl From<LimitRow> for Limit {
    fn from(row: LimitRow) -> Self {
        let rule = row.rule();
        let LimitRow { pool, version, plan_version, quantity, committed, .. } = row;
        Self { pool, version, plan_version, rule, quantity, committed }
    }
}

const VERSIONS: &str =
    "SELECT pool, version, plan_version, quantity, policy, at_least, percent, committed, set_at
  FROM seat_limits WHERE tenant_id = $1";

/// Returns the last version of each pool, which is in force.
pub(crate) async fn last(tx: &mut TenantTx) -> Result<Vec<Limit>, BillingError> {
    let sql = format!("SELECT DISTINCT ON (pool) * FROM ({VERSIONS}) v ORDER BY pool DESC, version DESC");
    let rows: Vec<LimitRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.tenant()).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(Limit::from).collect())
}

/// Returns the number of versions and the number of alerts. Neither is ever changed or deleted, so the numbers show
/// whether there is anything new.
pub(crate) async fn count(tx: &mut TenantTx) -> Result<(i64, i64), BillingError> {
    let counts = sqlx::query_as(
        "SELECT (SELECT count(*) FROM seat_limits WHERE tenant_id = $1),
           (SELECT count(*) FROM limit_alerts WHERE tenant_id = $1)",
    );
    Ok(counts.bind(tx.tenant()).fetch_one(tx.conn()).await?)
}

/// Returns the limit in force of a pool.
pub(crate) async fn find(tx: &mut TenantTx, pool: Pool) -> Result<Option<Limit>, BillingError> {
    Ok(last(tx).await?.into_iter().find(|limit| limit.pool == pool))
}

/// Returns the versions of all pools that began by a time, with the time of each; by pool and version.
pub(crate) async fn until(tx: &mut TenantTx, at: Timestamp) -> Result<Vec<(Timestamp, Limit)>, BillingError> {
    #[derive(FromRow)]
    struct Row {
        set_at: Time,
        #[sqlx(flatten)]
        limit: LimitRow,
    }
    let sql = format!("{VERSIONS} AND set_at <= $2 ORDER BY pool DESC, version");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(Time(at))
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.set_at.0, row.limit.into())).collect())
}

const fn cap(rule: Rule) -> (Option<i64>, Option<i64>) {
    match rule.most {
        Most::Cap(cap) => (Some(cap.at_least), Some(cap.percent)),
        Most::Unlimited | Most::Seats(_) => (None, None),
    }
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    limit: &Limit,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    let (at_least, percent) = cap(limit.rule);
    sqlx::query(
        "INSERT INTO seat_limits (tenant_id, pool, version, plan_version, quantity, policy, at_least, percent, committed,
           set_at, set_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(tx.tenant())
    .bind(limit.pool.as_str())
    .bind(limit.version)
    .bind(limit.plan_version)
    .bind(limit.quantity)
    .bind(limit.rule.at_limit.as_str())
    .bind(at_least)
    .bind(percent)
    .bind(limit.committed)
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Limit, format!("{} {}", limit.pool, limit.version))]).await
}

/// Returns the plan's limits, from the last version of the policy that is known.
pub(crate) async fn plan(tx: &mut TenantTx) -> Result<Vec<PlanLimit>, BillingError> {
    let rows: Vec<LimitRow> = sqlx::query_as(
        "SELECT DISTINCT ON (pool) pool, plan_version AS version, plan_version, quantity, policy, at_least, percent,
           0::bigint AS committed
         FROM plan_limits WHERE tenant_id = $1 ORDER BY pool DESC, plan_limits.plan_version DESC",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    let limit = |row: LimitRow| PlanLimit { pool: row.pool, version: row.version, rule: row.rule() };
    Ok(rows.into_iter().map(limit).collect())
}

/// Inserts the plan's limit from a version of the policy. Repeating it changes nothing.
pub(crate) async fn insert_plan(
    tx: &mut TenantTx,
    limit: &PlanLimit,
    now: Timestamp,
) -> Result<(), BillingError> {
    let (at_least, percent) = cap(limit.rule);
    let quantity = if let Most::Seats(seats) = limit.rule.most { Some(seats) } else { None };
    sqlx::query(
        "INSERT INTO plan_limits (tenant_id, pool, plan_version, quantity, policy, at_least, percent, told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, pool, plan_version) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(limit.pool.as_str())
    .bind(limit.version)
    .bind(quantity)
    .bind(limit.rule.at_limit.as_str())
    .bind(at_least)
    .bind(percent)
    .bind(Time(now))
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::PlanLimit, format!("{} {}", limit.pool, limit.version))]).await
}
