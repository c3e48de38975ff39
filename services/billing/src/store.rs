//! The billing database.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod change_log;
pub(crate) mod clock;
pub(crate) mod close_lines;
pub(crate) mod closes;
pub(crate) mod commitments;
pub(crate) mod corrections;
pub(crate) mod credit_notes;
pub(crate) mod epochs;
pub(crate) mod events;
pub(crate) mod facts;
pub(crate) mod history;
pub(crate) mod intervals;
pub(crate) mod jobs;
pub(crate) mod ledgers;
pub(crate) mod limit_alerts;
pub(crate) mod limit_refusals;
pub(crate) mod limits;
pub(crate) mod minimums;
#[cfg(test)]
mod plans;
pub(crate) mod postings;
pub(crate) mod prices;
pub(crate) mod reconciliations;
pub(crate) mod records;
pub(crate) mod seats;
pub(crate) mod signed_heads;
pub(crate) mod verifications;
pub(crate) mod workspace_limits;
pub(crate) mod workspaces;
#[cfg(test)]
mod world;

use crate::error::BillingError;
use crate::event::Hash;

/// Longest time for a statement that reads a whole workspace: a year's usage of a very large one.
pub(crate) const LONGEST_SCAN: std::time::Duration = std::time::Duration::from_secs(30);
/// Later than any time that was stored.
const LATEST: jiff::Timestamp = jiff::Timestamp::constant(253_000_000_000, 0);

impl From<sqlx::Error> for BillingError {
    fn from(error: sqlx::Error) -> Self {
        match usher_store::Error::from(error) {
            usher_store::Error::Corrupt(what) => Self::Stored(what),
            error => Self::Store(error),
        }
    }
}

/// Lets the planner sort, or not. Where the first of very many rows are wanted in the order of an index, a plan that
/// is made without knowledge of how many there are reads all of them and sorts.
async fn allow_sorts(tx: &mut usher_store::TenantTx, allowed: bool) -> Result<(), BillingError> {
    let sql = if allowed { "SET LOCAL enable_sort = on" } else { "SET LOCAL enable_sort = off" };
    sqlx::query(sql).execute(tx.conn()).await?;
    Ok(())
}

/// A stored date.
fn date(text: &str) -> Result<jiff::civil::Date, BillingError> {
    text.parse().map_err(|_| BillingError::Stored(format!("the date {text}")))
}

/// A stored hash.
fn hash(bytes: &[u8]) -> Result<Hash, BillingError> {
    bytes.try_into().map_err(|_| BillingError::Stored("a hash of another length".to_owned()))
}
