//! Bringing a database to this version's schema.

use std::str::FromStr as _;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::APP_ROLE;
use crate::error::Error;

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
    /// The service's role is not there.
    #[error(
        "there is no role {0} that is a member of usher_app; make it as a superuser: CREATE ROLE {0} LOGIN IN ROLE usher_app"
    )]
    Role(String),
    /// The right to connect could not be set.
    #[error("the right to connect can't be set; the owner must own the database")]
    Admit(#[source] sqlx::Error),
}

/// Applies the migrations that are not there yet, as the owner, and then closes what PostgreSQL leaves open to
/// everybody, which a restored or copied database may have open again. Several processes may do so at once.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate(owner_url: &str, migrator: &Migrator) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect(owner_url).await.map_err(MigrateError::Connect)?;
    if let Err(error) = migrator.run(&mut connection).await {
        return Err(match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => {
                let foreign = first_difference(&mut connection, migrator).await?;
                foreign.map_or(MigrateError::Newer(version), MigrateError::Foreign)
            }
            sqlx::migrate::MigrateError::VersionMismatch(version) => MigrateError::Foreign(version),
            error => MigrateError::Run(error),
        });
    }
    sqlx::raw_sql("SELECT app_harden()").execute(&mut connection).await.map_err(MigrateError::Harden)?;
    // The schema is there; a connection that does not close politely changes nothing.
    let _ = connection.close().await;
    Ok(())
}

/// The first migration of the database that has another content here. Another service's database also has
/// migrations that are not here at all, which alone would make it look like one of a newer version.
async fn first_difference(
    connection: &mut PgConnection,
    migrator: &Migrator,
) -> Result<Option<i64>, MigrateError> {
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
            .fetch_all(connection)
            .await
            .map_err(|error| MigrateError::Run(error.into()))?;
    let differs = |(version, checksum): &(i64, Vec<u8>)| {
        migrator.iter().any(|known| known.version == *version && *known.checksum != **checksum)
    };
    Ok(applied.iter().find(|migration| differs(migration)).map(|(version, _)| *version))
}

/// Lets one role connect to the database, the service's own, and no other service's nor PUBLIC. Whom somebody lets in by
/// name and who is no service, such as a role for backups, stays.
///
/// # Errors
/// See [`MigrateError`].
pub async fn admit(owner_url: &str, role: &str) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect(owner_url).await.map_err(MigrateError::Connect)?;
    let is_member: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = $1 AND pg_has_role(r.oid, $2::name, 'MEMBER'))",
    )
    .bind(role)
    .bind(APP_ROLE)
    .fetch_one(&mut connection)
    .await
    .map_err(MigrateError::Admit)?;
    if !is_member {
        return Err(MigrateError::Role(role.to_owned()));
    }
    let statements: String = sqlx::query_scalar(
        "SELECT format('REVOKE ALL ON DATABASE %1$I FROM PUBLIC, %3$s; GRANT CONNECT ON DATABASE %1$I TO %2$I',
           current_database(), $1::text, concat_ws(', ', quote_ident($2::text), string_agg(quote_ident(r.rolname), ', ')))
         FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid
         WHERE m.roleid = $2::text::regrole AND r.rolname <> $1::text AND r.rolname <> current_user",
    )
    .bind(role)
    .bind(APP_ROLE)
    .fetch_one(&mut connection)
    .await
    .map_err(MigrateError::Admit)?;
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.map_err(MigrateError::Admit)?;
    let _ = connection.close().await;
    Ok(())
}

/// The role that a database URL names.
///
/// # Errors
/// A URL that can't be read.
pub fn role_of(url: &str) -> Result<String, Error> {
    Ok(PgConnectOptions::from_str(url)?.get_username().to_owned())
}
