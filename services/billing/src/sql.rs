//! Time limits, planner settings and conversions of columns for the billing database.

#[cfg(test)]
mod plans;

use crate::error::BillingError;
use crate::terms::model::currency::Currency;

/// Maximum time of a statement that reads a whole workspace, such as a year's usage of a very large one.
pub(crate) const LONGEST_SCAN: std::time::Duration = std::time::Duration::from_secs(30);
/// Later than any stored time.
pub(crate) const LATEST: jiff::Timestamp = jiff::Timestamp::constant(253_000_000_000, 0);

impl From<sqlx::Error> for BillingError {
    fn from(error: sqlx::Error) -> Self {
        match usher_store::Error::from(error) {
            usher_store::Error::Corrupt(what) => Self::Stored(what),
            error => Self::Store(error),
        }
    }
}

/// Allows or forbids the planner to sort. If a statement needs the first of very many rows in the order of an index,
/// a plan made without statistics reads and sorts them all.
pub(crate) async fn allow_sorts(tx: &mut usher_store::TenantTx, allowed: bool) -> Result<(), BillingError> {
    let sql = if allowed { "SET LOCAL enable_sort = on" } else { "SET LOCAL enable_sort = off" };
    sqlx::query(sql).execute(tx.conn()).await?;
    Ok(())
}

/// Returns the error for a column whose value this version can't have written.
pub(crate) const fn corrupt(table: &'static str, column: &'static str) -> BillingError {
    BillingError::Corrupt { table, column }
}

/// Parses a stored currency.
pub(crate) fn currency(table: &'static str, code: String, exponent: i16) -> Result<Currency, BillingError> {
    Currency::stored(code, exponent).map_err(|_| corrupt(table, "exponent"))
}

/// Parses a stored date.
pub(crate) fn date(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<jiff::civil::Date, BillingError> {
    text.parse().map_err(|_| corrupt(table, column))
}

/// Converts a stored hash.
pub(crate) fn hash(
    table: &'static str,
    column: &'static str,
    bytes: &[u8],
) -> Result<[u8; 32], BillingError> {
    bytes.try_into().map_err(|_| corrupt(table, column))
}
