//! The clock of a service's database, `app_clock()`: the server's own, or in dev mode that and an offset. What is later
//! than it is refused.

use jiff::SignedDuration;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::boot::BootError;
use crate::database::Database;
use crate::error::Error;

/// What the function is, as its owner wrote it.
const DEFINITION: &str = "
  SELECT prosrc FROM pg_catalog.pg_proc
  WHERE pronamespace = 'public'::regnamespace AND proname = 'app_clock' AND pronargs = 0";

/// The function's body for an offset. Without one it is that of the migrations, to the letter.
fn body(offset: SignedDuration) -> String {
    if offset.is_zero() {
        "SELECT clock_timestamp()".to_owned()
    } else {
        format!("SELECT clock_timestamp() + interval '{} microseconds'", offset.as_micros())
    }
}

/// Refuses to serve from a database whose clock is not as far ahead of the server's as the program's is of the system's:
/// it was moved for dev mode, and what it takes or has is ahead of everybody else's time. A manual clock has no offset,
/// and agrees with any.
///
/// # Errors
/// The clocks differ; there is no `app_clock()`; the database does not answer.
pub async fn check_clock(database: &Database, offset: Option<SignedDuration>) -> Result<(), BootError> {
    let Some(offset) = offset else { return Ok(()) };
    let mut tx = database.global().await?;
    let found: Option<String> =
        sqlx::query_scalar(DEFINITION).fetch_optional(tx.conn()).await.map_err(Error::from)?;
    tx.commit().await?;
    match found {
        Some(found) if found.trim() == body(offset) => Ok(()),
        Some(_) => Err(BootError::MovedClock),
        None => Err(BootError::NoClock),
    }
}

/// Whether the database's clock is another than the server's, asked as its owner. One without a schema has none.
///
/// # Errors
/// The database does not answer.
pub async fn is_clock_moved(owner_url: &str) -> Result<bool, Error> {
    let mut connection = PgConnection::connect(owner_url).await?;
    let found: Option<String> = sqlx::query_scalar(DEFINITION).fetch_optional(&mut connection).await?;
    connection.close().await?;
    Ok(found.is_some_and(|found| found.trim() != body(SignedDuration::ZERO)))
}

/// Sets how far the database's clock is ahead of the server's. Only the owner can, and only dev mode does.
///
/// # Errors
/// The database does not answer, or refuses.
pub async fn move_clock(owner_url: &str, offset: SignedDuration) -> Result<(), Error> {
    let mut connection = PgConnection::connect(owner_url).await?;
    // The body has a number in it and nothing that anybody wrote.
    let statement = format!(
        "CREATE OR REPLACE FUNCTION public.app_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $${}$$",
        body(offset)
    );
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
