//! The check before a service serves: is the second fence there, and can't this role climb it?

use crate::database::Database;
use crate::error::Error;

/// Why a service must not serve.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// Operator: connect as `usher_app`.
    #[error("the role {0} is too strong to serve as: it {1}; connect as usher_app")]
    StrongRole(String, &'static str),
    /// Operator: migrate; developer: call `app_protect` in the migration.
    #[error("tables without row-level security or its policy: {0}; run `usher migrate`")]
    Unprotected(String),
    /// Operator: migrate.
    #[error("the database has no schema; run `usher migrate`")]
    NoSchema,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Refuses a role that could bypass row-level security, and a tenant table that lacks its policy.
///
/// # Errors
/// See [`BootError`].
pub async fn check(database: &Database) -> Result<(), BootError> {
    let mut tx = database.global().await?;
    let (role, superuser, bypass): (String, bool, bool) = sqlx::query_as(
        "SELECT rolname::text, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(tx.conn())
    .await
    .map_err(Error::from)?;
    let tables: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT c.relname::text,
                pg_has_role(current_user, c.relowner, 'MEMBER'),
                c.relrowsecurity AND EXISTS (
                  SELECT 1 FROM pg_policy p
                  WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL)
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p')
         ORDER BY 1",
    )
    .fetch_all(tx.conn())
    .await
    .map_err(Error::from)?;
    let strength = match (superuser, bypass, tables.iter().any(|(_, owned, _)| *owned)) {
        (true, _, _) => Some("is a superuser"),
        (_, true, _) => Some("may bypass row-level security"),
        (_, _, true) => Some("owns the tables"),
        _ => None,
    };
    if let Some(strength) = strength {
        return Err(BootError::StrongRole(role, strength));
    }
    let open: Vec<&str> =
        tables.iter().filter(|(_, _, fenced)| !fenced).map(|(table, _, _)| table.as_str()).collect();
    if tables.is_empty() {
        Err(BootError::NoSchema)
    } else if open.is_empty() {
        Ok(())
    } else {
        Err(BootError::Unprotected(open.join(", ")))
    }
}
