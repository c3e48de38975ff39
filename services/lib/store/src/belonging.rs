//! Whose database it is: two addresses that were exchanged must not make a service serve from another's data.

use crate::boot::BootError;
use crate::database::Database;
use crate::error::Error;

/// Refuses a database that has tables, but not the one by which a service's own is known. One without a
/// schema is [`check`](crate::check)'s to refuse.
///
/// # Errors
/// It is another service's; it does not answer.
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
