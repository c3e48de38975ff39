//! The database's clock.

use jiff::Timestamp;
use usher_store::{Database, Time};

use crate::error::BillingError;

/// What time it is there.
pub(crate) async fn read(database: &Database) -> Result<Timestamp, BillingError> {
    let mut tx = database.global().await?;
    let now: Time = sqlx::query_scalar("SELECT app_clock()").fetch_one(tx.conn()).await?;
    tx.commit().await?;
    Ok(now.0)
}
