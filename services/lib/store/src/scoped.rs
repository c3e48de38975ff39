//! Access to the data of one workspace, and to nothing else.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryAs;
use sqlx::{Encode, FromRow, PgConnection, Postgres, Type};
use usher_base::TenantScope;
use uuid::Uuid;

use crate::error::Error;
use crate::pool::{Pool, PooledConnection};
use crate::share::{Party, Purpose};

/// A database, restricted to one workspace. The tenant is bound here once; no function below takes it.
#[derive(Clone, Debug)]
pub struct ScopedDatabase {
    pool: Pool,
    tenant: Uuid,
    /// The party whose share its statements use.
    party: Party,
    purpose: Purpose,
}

impl ScopedDatabase {
    pub(crate) fn new(pool: Pool, scope: &TenantScope) -> Self {
        let tenant = scope.workspace_id().as_uuid();
        let party = if scope.is_for_service() { Party::Service(tenant) } else { Party::Workspace(tenant) };
        Self { pool, tenant, party, purpose: Purpose::Statement(party) }
    }

    /// For lookups on behalf of a caller who has not proved yet to belong to the workspace. They do not use the
    /// workspace's share; otherwise anybody could exhaust it.
    #[must_use]
    pub fn for_unauthenticated(self) -> Self {
        Self { purpose: Purpose::Global, ..self }
    }

    /// Begins a transaction and sets the tenant for row-level security, in one round trip. Use it for statements that
    /// read and write a few rows by their keys, and [`ScopedDatabase::scan`] for all others.
    ///
    /// # Errors
    /// The database is unavailable, or the workspace exceeds its share.
    pub async fn begin(&self) -> Result<TenantTx, Error> {
        // The tenant is printed from a UUID, so the statement can't be injected into.
        self.open(self.purpose, format!("BEGIN; SELECT app_set_tenant('{}')", self.tenant)).await
    }

    /// Begins a transaction like [`ScopedDatabase::begin`], for statements that read many rows. Each statement takes
    /// at most `within`, and all such transactions together use at most half of the connections.
    ///
    /// # Errors
    /// The database is unavailable, or the workspace exceeds its share.
    pub async fn scan(&self, within: Duration) -> Result<TenantTx, Error> {
        let begin = format!(
            "BEGIN; SET LOCAL statement_timeout = {}; SELECT app_set_tenant('{}')",
            within.as_millis(),
            self.tenant
        );
        self.open(Purpose::Scan(self.party), begin).await
    }

    /// Begins a transaction like [`ScopedDatabase::begin`] that writes times of the program's clock, which shows
    /// `now`. The comparison with the database's clock is in the same round trip. The schema must have
    /// `refuse_time_ahead(timestamptz)`.
    ///
    /// # Errors
    /// As for [`ScopedDatabase::begin`], and if `now` is too far ahead of the database's clock.
    pub async fn begin_at(&self, now: Timestamp) -> Result<TenantTx, Error> {
        let begin =
            format!("BEGIN; SELECT app_set_tenant('{}'); SELECT refuse_time_ahead('{now}')", self.tenant);
        self.open(self.purpose, begin).await
    }

    /// Begins a transaction like [`ScopedDatabase::scan`] that writes times like [`ScopedDatabase::begin_at`].
    ///
    /// # Errors
    /// As for these two.
    pub async fn scan_at(&self, within: Duration, now: Timestamp) -> Result<TenantTx, Error> {
        let begin = format!(
            "BEGIN; SET LOCAL statement_timeout = {}; SELECT app_set_tenant('{}'); SELECT refuse_time_ahead('{now}')",
            within.as_millis(),
            self.tenant
        );
        self.open(Purpose::Scan(self.party), begin).await
    }

    async fn open(&self, purpose: Purpose, begin: String) -> Result<TenantTx, Error> {
        let mut inner = self.pool.acquire(purpose).await?;
        inner.begin(begin).await?;
        Ok(TenantTx { inner, tenant: self.tenant })
    }

    /// Begins a read-only transaction like [`ScopedDatabase::scan`], in which all statements see the same snapshot.
    ///
    /// # Errors
    /// The database is unavailable, or the workspace exceeds its share.
    pub async fn snapshot(&self, within: Duration) -> Result<TenantTx, Error> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {}; SELECT app_set_tenant('{}')",
            within.as_millis(),
            self.tenant
        );
        self.open(Purpose::Scan(self.party), begin).await
    }

    /// Prepares one statement that is its own transaction, in one round trip, for the hot paths. `$1` is the tenant.
    /// The statement must call a PL/pgSQL function that first calls `app_set_tenant($1)`; otherwise row-level
    /// security shows it nothing.
    pub fn statement<O>(&self, sql: &'static str) -> Statement<O>
    where
        O: for<'r> FromRow<'r, PgRow>,
    {
        Statement {
            query: sqlx::query_as(sql).bind(self.tenant),
            pool: self.pool.clone(),
            party: self.party,
            purpose: self.purpose,
        }
    }
}

/// A transaction of one workspace.
#[derive(Debug)]
pub struct TenantTx {
    inner: PooledConnection,
    tenant: Uuid,
}

impl TenantTx {
    /// The connection to run statements on. Each statement binds [`TenantTx::tenant`] as `tenant_id`.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.inner.connection()
    }

    /// The tenant id, to bind.
    pub const fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// Commits the transaction. It is rolled back if it is dropped instead.
    ///
    /// # Errors
    /// The database is unavailable. It is then unknown whether the transaction was committed.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }
}

/// A statement made by [`ScopedDatabase::statement`].
pub struct Statement<O> {
    query: QueryAs<'static, Postgres, O, PgArguments>,
    pool: Pool,
    party: Party,
    purpose: Purpose,
}

impl<O> Statement<O>
where
    O: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    /// Binds the next parameter.
    #[must_use]
    pub fn bind<T>(mut self, value: T) -> Self
    where
        T: for<'t> Encode<'t, Postgres> + Type<Postgres> + Send + 'static,
    {
        self.query = self.query.bind(value);
        self
    }

    /// Marks the statement as one that reads many rows: see [`ScopedDatabase::scan`].
    #[must_use]
    pub fn scanning(mut self) -> Self {
        self.purpose = Purpose::Scan(self.party);
        self
    }

    /// Runs the statement and returns the raw error, for [`OnConstraint`](crate::OnConstraint) and SQLSTATEs.
    ///
    /// # Errors
    /// Any error of the database, also if there is not exactly one row.
    pub async fn fetch_one(self) -> Result<O, sqlx::Error> {
        let mut connection = self.pool.acquire(self.purpose).await?;
        let outcome = self.query.fetch_one(connection.connection()).await;
        connection.release(outcome)
    }

    /// Runs the statement and returns at most one row.
    ///
    /// # Errors
    /// The database is unavailable, or refuses the statement.
    pub async fn fetch_optional(self) -> Result<Option<O>, Error> {
        let mut connection = self.pool.acquire(self.purpose).await?;
        let outcome = self.query.fetch_optional(connection.connection()).await;
        Ok(connection.release(outcome)?)
    }

    /// Runs the statement and returns all rows.
    ///
    /// # Errors
    /// The database is unavailable, or refuses the statement.
    pub async fn fetch_all(self) -> Result<Vec<O>, Error> {
        let mut connection = self.pool.acquire(self.purpose).await?;
        let outcome = self.query.fetch_all(connection.connection()).await;
        Ok(connection.release(outcome)?)
    }
}
