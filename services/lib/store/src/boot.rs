//! The check before a service starts to serve: row-level security is as the migrations built it, and the service's
//! role can't bypass it.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::database::{Database, GlobalTx};
use crate::error::Error;

/// Why a service must not serve, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// Connect as the service's own role.
    #[error(
        "the role {0} is too strong to serve as: it {1}; connect as the service's own role, such as usher_tenant"
    )]
    StrongRole(String, String),
    /// Run the migrations, or revoke the rights.
    #[error(
        "rights that must not be there: {0}; run `usher migrate`, and revoke what remains as the database's owner"
    )]
    Rights(String),
    /// Restore the schema. If it is a new table, its migration must call `app_protect`.
    #[error(
        "tables without row-level security by exactly its one policy: {0}; run `usher migrate`, and restore \
         what remains as the owner"
    )]
    Unprotected(String),
    /// Run the migrations.
    #[error(
        "functions that run as their owner must have the search path pg_catalog, public, pg_temp: {0}; run \
         `usher migrate`"
    )]
    SearchPath(String),
    /// Restore the schema.
    #[error(
        "app_tenant() does not return the tenant that was set, or does not raise an error if none was; \
         restore it from the migrations"
    )]
    Tenant,
    /// Run the migrations.
    #[error("the database has no schema; run `usher migrate`")]
    NoSchema,
    /// Correct the address.
    #[error("this is another service's database; check the address in {0}.database_url")]
    Foreign(&'static str),
    /// Operator: choose another database.
    #[error(
        "the clock of this database was moved by `usher dev --clock`, so only `usher dev` serves from it; choose \
         another database"
    )]
    MovedClock,
    /// Operator: migrate.
    #[error("the database has no app_clock(); run `usher migrate`")]
    NoClock,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Attributes of the connected role that are too powerful, whatever database it serves.
const STRENGTHS: &str = "
  SELECT why FROM (
    SELECT bool_or(o.rolsuper), bool_or(o.rolbypassrls), bool_or(o.rolcreaterole),
      bool_or(o.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
    FROM pg_roles o WHERE pg_has_role(current_user, o.oid, 'MEMBER')
  ) r (superuser, bypass, roles, files) CROSS JOIN LATERAL (VALUES
    (r.superuser, 'is a superuser'),
    (r.bypass, 'may bypass row-level security'),
    (r.roles, 'may change roles'),
    (r.files, 'may reach files of the server'),
    (EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
       AND pg_has_role(current_user, c.relowner, 'MEMBER')), 'owns tables'),
    (EXISTS (SELECT 1 FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
       AND pg_has_role(current_user, p.proowner, 'MEMBER')), 'owns functions')
  ) w (holds, why) WHERE holds";

/// Rights of PUBLIC, and those rights of this role that bypass row-level security: TRUNCATE is not subject to
/// policies.
const RIGHTS: &str = "
  SELECT 'PUBLIC may execute ' || p.oid::regprocedure FROM pg_proc p
  WHERE p.pronamespace = 'public'::regnamespace AND EXISTS (
    SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
    AND NOT EXISTS (SELECT 1 FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  UNION ALL
  SELECT DISTINCT 'PUBLIC has ' || a.privilege_type || ' on ' || c.relname FROM pg_class c, aclexplode(c.relacl) a
  WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0
  UNION ALL
  SELECT DISTINCT 'PUBLIC has ' || a.privilege_type || ' on ' || c.relname || '.' || t.attname
  FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
  WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0
  UNION ALL
  SELECT 'PUBLIC has ' || a.privilege_type || ' on the database'
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  WHERE d.datname = current_database() AND a.grantee = 0
  UNION ALL
  SELECT current_user || ' may connect to the database ' || d.datname FROM pg_database d
  WHERE d.datname <> current_database() AND starts_with(d.datname, 'usher_') AND d.datallowconn
    AND has_database_privilege(d.oid, 'CONNECT')
  UNION ALL
  SELECT current_user || ' has ' || w.privilege || ' on the database' FROM (VALUES ('CREATE'), ('TEMPORARY')) w (privilege)
  WHERE has_database_privilege(current_database(), w.privilege)
  UNION ALL
  SELECT current_user || ' has CREATE on the schema public' WHERE has_schema_privilege('public', 'CREATE')
  UNION ALL
  SELECT current_user || ' has ' || w.privilege || ' on ' || c.relname
  FROM pg_class c CROSS JOIN (VALUES ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) w (privilege)
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND has_table_privilege(c.oid, w.privilege)
  ORDER BY 1";

/// Relations with a workspace's data that are not protected by exactly the one policy. Views have no policies, so
/// they are listed too.
const UNPROTECTED: &str = "
  SELECT c.relname::text FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT (c.relrowsecurity
      AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) = 1
      AND EXISTS (
        SELECT 1 FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname
          AND p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL' AND p.roles = '{public}'
          AND p.qual = '(tenant_id = app_tenant())' AND p.with_check = '(tenant_id = app_tenant())'))
  ORDER BY 1";

/// Functions that run as their owner, and look up names in schemas where their caller can create objects.
const UNSAFE_PATHS: &str = "
  SELECT p.oid::regprocedure::text FROM pg_proc p
  WHERE p.prosecdef AND p.pronamespace <> 'pg_catalog'::regnamespace
    AND p.proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, public, pg_temp']
    AND NOT EXISTS (SELECT 1 FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  ORDER BY 1";

/// A query for problems, and the error if it finds any.
type Check = (&'static str, fn(String) -> BootError);

const CHECKS: [Check; 3] = [
    (UNPROTECTED, BootError::Unprotected),
    (UNSAFE_PATHS, BootError::SearchPath),
    (RIGHTS, BootError::Rights),
];

const TENANT_TABLES: &str = "
  SELECT 'there' WHERE EXISTS (
    SELECT 1 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id')";

/// Refuses a role that could bypass row-level security, and a schema whose policies, search paths or rights are not
/// as the migrations built them.
///
/// # Errors
/// See [`BootError`].
pub async fn check(database: &Database) -> Result<(), BootError> {
    let mut tx = database.global().await?;
    // PostgreSQL then prints names without their schema, and the queries compare these.
    sqlx::raw_sql("SET LOCAL search_path = pg_catalog, public")
        .execute(tx.conn())
        .await
        .map_err(Error::from)?;
    let found = names(&mut tx, STRENGTHS).await?;
    if !found.is_empty() {
        let role: String = sqlx::query_scalar("SELECT current_user::text")
            .fetch_one(tx.conn())
            .await
            .map_err(Error::from)?;
        return Err(BootError::StrongRole(role, found.join(", ")));
    }
    if names(&mut tx, TENANT_TABLES).await?.is_empty() {
        return Err(BootError::NoSchema);
    }
    for (sql, fault) in CHECKS {
        let found = names(&mut tx, sql).await?;
        if !found.is_empty() {
            return Err(fault(found.join(", ")));
        }
    }
    tx.commit().await?;
    check_app_tenant(database).await
}

async fn names(tx: &mut GlobalTx, sql: &'static str) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(tx.conn()).await?)
}

/// The policies compare rows with what `app_tenant()` returns, so this function is tested itself.
async fn check_app_tenant(database: &Database) -> Result<(), BootError> {
    let tenant = Uuid::from_u128(727);
    let mut tx = database.global().await?;
    sqlx::query("SELECT app_set_tenant($1)").bind(tenant).execute(tx.conn()).await.map_err(Error::from)?;
    let told: Option<Uuid> =
        sqlx::query_scalar("SELECT app_tenant()").fetch_one(tx.conn()).await.map_err(Error::from)?;
    drop(tx);
    let mut tx = database.global().await?;
    let untold: Result<Option<Uuid>, sqlx::Error> =
        sqlx::query_scalar("SELECT app_tenant()").fetch_one(tx.conn()).await;
    match untold {
        Err(sqlx::Error::Database(_)) if told == Some(tenant) => Ok(()),
        Err(error) if told == Some(tenant) => Err(Error::from(error).into()),
        _ => Err(BootError::Tenant),
    }
}
