//! Bringing a database to this version's schema.

use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection};

/// The schema can't be brought up to date; the database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The owner can't connect.
    #[error("the owner can't connect; check owner_database_url")]
    Connect(#[source] sqlx::Error),
    /// The database is of a later version of the program than this one.
    #[error("its schema is of a newer version of usher (migration {0}); use that version or a later one")]
    Newer(i64),
    /// Another service's database, or a schema that was made by hand.
    #[error(
        "its schema is another service's, or was changed by hand (migration {0} differs); check the address"
    )]
    Foreign(i64),
    /// A migration failed.
    #[error("a migration failed; nothing of it remains")]
    Run(#[source] sqlx::migrate::MigrateError),
    /// The schema is up to date, but rights could not be set.
    #[error(
        "the schema is up to date, but app_harden() failed; the owner must own the database and its functions"
    )]
    Harden(#[source] sqlx::Error),
}

/// Applies the migrations that are not there yet, as the owner, and then closes what PostgreSQL leaves open to
/// everybody, which a restored or copied database may have open again. Several processes may do so at once.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate(owner_url: &str, migrator: &Migrator) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect(owner_url).await.map_err(MigrateError::Connect)?;
    migrator.run(&mut connection).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::VersionMissing(version) => MigrateError::Newer(version),
        sqlx::migrate::MigrateError::VersionMismatch(version) => MigrateError::Foreign(version),
        error => MigrateError::Run(error),
    })?;
    sqlx::raw_sql("SELECT app_harden()").execute(&mut connection).await.map_err(MigrateError::Harden)?;
    // The schema is there; a connection that does not close politely changes nothing.
    let _ = connection.close().await;
    Ok(())
}
