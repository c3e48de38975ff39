use jiff::Timestamp;
use usher_store::{Database, Time};

use crate::error::BillingError;

/// Returns the time of the database's clock.
pub(crate) async fn read(database: &Database) -> Result<Timestamp, BillingError> {
    let mut tx = database.global().await?;
    let now: Time = sqlx::query_scalar("SELECT app_clock()").fetch_one(tx.conn()).await?;
    tx.commit().await?;
    Ok(now.0)
}
