//! The limits of all workspaces.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_seats::{AtLimit, Pool};
use usher_store::{Database, Time};
use uuid::Uuid;

use crate::error::BillingError;

/// A version of any workspace's limit.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct WorkspaceLimit {
    pub(crate) tenant_id: Uuid,
    pub(crate) pool: Pool,
    pub(crate) version: i64,
    pub(crate) plan_version: Option<i64>,
    pub(crate) quantity: Option<i64>,
    pub(crate) policy: AtLimit,
    pub(crate) committed: i64,
    pub(crate) set_at: Time,
}

/// A position in the reading order: by time, then by the columns that make the order unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    set_at: Time,
    tenant: Uuid,
    /// The name of the pool, because the database orders by it.
    pool: &'static str,
    version: i64,
}

impl From<Timestamp> for Place {
    /// Returns the position before all limits that were set at a time.
    fn from(at: Timestamp) -> Self {
        Self { set_at: Time(at), tenant: Uuid::nil(), pool: "", version: 0 }
    }
}

impl WorkspaceLimit {
    /// Returns the position of the limit.
    pub(crate) fn place(&self) -> Place {
        let Self { tenant_id, version, set_at, .. } = *self;
        Place { set_at, tenant: tenant_id, pool: self.pool.as_str(), version }
    }
}

/// Returns the next limits in force, and whether there are more. The SQL function filters by time only: if more than
/// a page was set at one instant, it reads as many as are needed to get beyond the position.
pub(crate) async fn page(
    database: &Database,
    after: &Place,
    size: i32,
) -> Result<(Vec<WorkspaceLimit>, bool), BillingError> {
    let most = usize::try_from(size).unwrap_or_default();
    let mut asked = size;
    loop {
        let mut found = since(database, after.set_at, asked).await?;
        let full = found.len() >= usize::try_from(asked).unwrap_or_default();
        found.retain(|limit| limit.place() > *after);
        if !found.is_empty() || !full {
            let more = full || found.len() > most;
            found.truncate(most);
            return Ok((found, more));
        }
        asked = asked.saturating_mul(2);
    }
}

async fn since(database: &Database, at: Time, most: i32) -> Result<Vec<WorkspaceLimit>, BillingError> {
    let mut tx = database.global().await?;
    let found = sqlx::query_as("SELECT * FROM seat_limits_since($1, $2)")
        .bind(at)
        .bind(most)
        .fetch_all(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(found)
}
