//! Checks that a database belongs to the service. If two addresses are swapped, a service must not serve from the
//! data of another one.

use crate::boot::BootError;
use crate::database::Database;
use crate::error::Error;

/// Refuses a database that has tables, but not the table that identifies the service. A database without a schema is
/// refused by [`check`](crate::check) instead.
///
/// # Errors
/// The database belongs to another service, or is unavailable.
pub async fn check_belongs(
    database: &Database,
    service: &'static str,
    table: &'static str,
) -> Result<(), BootError> {
    let mut tx = database.global().await?;
    let (own, any): (bool, bool) = sqlx::query_as(
        "SELECT to_regclass('public.' || $1) IS NOT NULL,
                EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')",
    )
    .bind(table)
    .fetch_one(tx.conn())
    .await
    .map_err(Error::from)?;
    tx.commit().await?;
    if any && !own { Err(BootError::Foreign(service)) } else { Ok(()) }
}
