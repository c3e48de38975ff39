//! Migrates a database to this version's schema.

use std::str::FromStr as _;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::APP_ROLE;
use crate::error::Error;

/// Why the schema can't be migrated. The database is unchanged unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Can't connect as the owner.
    #[error("the owner can't connect; check owner_database_url")]
    Connect(#[source] sqlx::Error),
    /// A newer version of the program has migrated the database.
    #[error("its schema is of a newer version of usher (migration {0}); use that version or a later one")]
    Newer(i64),
    /// The database belongs to another service, or its schema was changed manually.
    #[error(
        "its schema belongs to another service, or was changed by hand (migration {0} differs); check the \
         address"
    )]
    Foreign(i64),
    /// A migration failed.
    #[error("a migration failed and was rolled back")]
    Run(#[source] sqlx::migrate::MigrateError),
    /// The schema is up to date, but its rights could not be set.
    #[error(
        "the schema is up to date, but app_harden() failed; the owner must own the database and its functions"
    )]
    Harden(#[source] sqlx::Error),
    /// The service's role does not exist.
    #[error(
        "there is no role {0} that is a member of usher_app; create it as a superuser: CREATE ROLE {0} LOGIN IN ROLE usher_app"
    )]
    Role(String),
    /// The right to connect could not be granted.
    #[error("the right to connect can't be granted; the owner must own the database")]
    Admit(#[source] sqlx::Error),
}

/// Applies the missing migrations as the owner, and then revokes what PostgreSQL grants to PUBLIC by default, which a
/// restored or copied database may have again. Several processes may do this at the same time.
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
    // The migration is complete; an unclean close of the connection does not matter.
    let _ = connection.close().await;
    Ok(())
}

/// Returns the first migration of the database whose content differs from this program's. The database of another
/// service also has migrations that are unknown here, and without this check would look like a newer version.
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

/// Grants one role, the service's own, the right to connect to the database, and revokes it from PUBLIC and the other
/// services. Roles that an operator granted access explicitly and that belong to no service, such as a role for
/// backups, keep it.
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

/// Returns the role in a database URL.
///
/// # Errors
/// The URL can't be parsed.
pub fn role_of(url: &str) -> Result<String, Error> {
    Ok(PgConnectOptions::from_str(url)?.get_username().to_owned())
}
