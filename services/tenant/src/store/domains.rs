//! Approved domains.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::domain::DomainName;
use usher_store::{Error, TenantTx, Time};

use crate::domains::ApprovedDomain;

#[derive(FromRow)]
struct DomainRow {
    domain: String,
    approved_at: Time,
    approved_by: String,
}

impl From<DomainRow> for ApprovedDomain {
    fn from(DomainRow { domain, approved_at, approved_by }: DomainRow) -> Self {
        Self { name: domain, approved_at: approved_at.0, approved_by }
    }
}

/// Approves a domain. Returns `false` if it was approved already.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    domain: &DomainName,
    now: Timestamp,
    by: &str,
) -> Result<bool, Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "INSERT INTO approved_domains (tenant_id, domain, approved_at, approved_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, domain) DO NOTHING",
    )
    .bind(tenant)
    .bind(domain.as_str())
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn find(tx: &mut TenantTx, domain: &DomainName) -> Result<Option<ApprovedDomain>, Error> {
    let tenant = tx.tenant();
    let row: Option<DomainRow> = sqlx::query_as(
        "SELECT domain, approved_at, approved_by FROM approved_domains WHERE tenant_id = $1 AND domain = $2",
    )
    .bind(tenant)
    .bind(domain.as_str())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(ApprovedDomain::from))
}

/// All domains, ordered by name.
pub(crate) async fn list(tx: &mut TenantTx) -> Result<Vec<ApprovedDomain>, Error> {
    let tenant = tx.tenant();
    let rows: Vec<DomainRow> = sqlx::query_as(
        "SELECT domain, approved_at, approved_by FROM approved_domains WHERE tenant_id = $1 ORDER BY domain",
    )
    .bind(tenant)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(ApprovedDomain::from).collect())
}

/// The number of domains.
pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, Error> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar("SELECT count(*) FROM approved_domains WHERE tenant_id = $1")
        .bind(tenant)
        .fetch_one(tx.conn())
        .await?)
}

/// Removes a domain. Returns `false` if it was not there.
pub(crate) async fn delete(tx: &mut TenantTx, domain: &str) -> Result<bool, Error> {
    let tenant = tx.tenant();
    let done = sqlx::query("DELETE FROM approved_domains WHERE tenant_id = $1 AND domain = $2")
        .bind(tenant)
        .bind(domain)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
