//! Access to the data of one workspace, and to nothing else.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryAs;
use sqlx::{Encode, FromRow, PgConnection, Postgres, Type};
use usher_base::TenantScope;
use uuid::Uuid;

use crate::error::Error;
use crate::pool::{Lent, Pool};
use crate::share::{Claim, Party};

/// One workspace's part of a database. The tenant is bound here once; nothing below names it.
#[derive(Clone, Debug)]
pub struct ScopedDatabase {
    pool: Pool,
    tenant: Uuid,
    /// Whose share its statements are from.
    party: Party,
    claim: Claim,
}

impl ScopedDatabase {
    pub(crate) fn new(pool: Pool, scope: &TenantScope) -> Self {
        let tenant = scope.workspace_id().as_uuid();
        let party = if scope.is_for_service() { Party::Service(tenant) } else { Party::Workspace(tenant) };
        Self { pool, tenant, party, claim: Claim::Statement(party) }
    }

    /// The same for the look-ups of somebody who has yet to prove to be of the workspace. They use up nothing of
    /// its share, or strangers could.
    #[must_use]
    pub fn for_stranger(self) -> Self {
        Self { claim: Claim::Global, ..self }
    }

    /// A transaction with the tenant set for row-level security, both in one round trip. For statements that
    /// read and write a few rows by their keys; for all else, [`ScopedDatabase::scan`].
    ///
    /// # Errors
    /// The database does not answer, or the workspace has too much under way.
    pub async fn begin(&self) -> Result<TenantTx, Error> {
        // The tenant is a UUID's own text, so nothing else can be in the statement.
        self.open(self.claim, format!("BEGIN; SELECT app_set_tenant('{}')", self.tenant)).await
    }

    /// A transaction, as [`ScopedDatabase::begin`] makes it, for statements that read many rows: each takes at
    /// most the time `within`, and all of them together never have more than half of the connections.
    ///
    /// # Errors
    /// The database does not answer, or the workspace has too much under way.
    pub async fn scan(&self, within: Duration) -> Result<TenantTx, Error> {
        let begin = format!(
            "BEGIN; SET LOCAL statement_timeout = {}; SELECT app_set_tenant('{}')",
            within.as_millis(),
            self.tenant
        );
        self.open(Claim::Scan(self.party), begin).await
    }

    /// A transaction, as [`ScopedDatabase::begin`] makes it, that writes times of a program's clock, which is at
    /// `now`; in the same round trip. The schema must have `refuse_time_ahead(timestamptz)`.
    ///
    /// # Errors
    /// As [`ScopedDatabase::begin`], and where `now` is too far ahead of the database's clock.
    pub async fn begin_at(&self, now: Timestamp) -> Result<TenantTx, Error> {
        let begin =
            format!("BEGIN; SELECT app_set_tenant('{}'); SELECT refuse_time_ahead('{now}')", self.tenant);
        self.open(self.claim, begin).await
    }

    /// A transaction, as [`ScopedDatabase::scan`] makes it, that writes times as [`ScopedDatabase::begin_at`] does.
    ///
    /// # Errors
    /// As these two.
    pub async fn scan_at(&self, within: Duration, now: Timestamp) -> Result<TenantTx, Error> {
        let begin = format!(
            "BEGIN; SET LOCAL statement_timeout = {}; SELECT app_set_tenant('{}'); SELECT refuse_time_ahead('{now}')",
            within.as_millis(),
            self.tenant
        );
        self.open(Claim::Scan(self.party), begin).await
    }

    async fn open(&self, claim: Claim, begin: String) -> Result<TenantTx, Error> {
        let mut inner = self.pool.lend(claim).await?;
        inner.begin(begin).await?;
        Ok(TenantTx { inner, tenant: self.tenant })
    }

    /// A transaction as [`ScopedDatabase::scan`] makes it, in which nothing can be written, and every statement
    /// sees the same: what others commit meanwhile is not there.
    ///
    /// # Errors
    /// The database does not answer, or the workspace has too much under way.
    pub async fn snapshot(&self, within: Duration) -> Result<TenantTx, Error> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {}; SELECT app_set_tenant('{}')",
            within.as_millis(),
            self.tenant
        );
        self.open(Claim::Scan(self.party), begin).await
    }

    /// One statement that is its own transaction, in one round trip: the hot paths. `$1` is the
    /// tenant. It must be a call of a PL/pgSQL function whose first act is `app_set_tenant($1)`;
    /// otherwise row-level security shows it nothing.
    pub fn statement<O>(&self, sql: &'static str) -> Statement<O>
    where
        O: for<'r> FromRow<'r, PgRow>,
    {
        Statement {
            query: sqlx::query_as(sql).bind(self.tenant),
            pool: self.pool.clone(),
            party: self.party,
            claim: self.claim,
        }
    }
}

/// A transaction of one workspace.
#[derive(Debug)]
pub struct TenantTx {
    inner: Lent,
    tenant: Uuid,
}

impl TenantTx {
    /// The connection, to run statements on. Each binds [`TenantTx::tenant`] as `tenant_id`.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.inner.connection()
    }

    /// The tenant, to bind.
    pub const fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// Ends the transaction with effect. Dropped without it, the transaction had none.
    ///
    /// # Errors
    /// The database does not answer; whether it took effect is then unknown.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }
}

/// A statement of [`ScopedDatabase::statement`].
pub struct Statement<O> {
    query: QueryAs<'static, Postgres, O, PgArguments>,
    pool: Pool,
    party: Party,
    claim: Claim,
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

    /// It reads many rows: see [`ScopedDatabase::scan`].
    #[must_use]
    pub fn scanning(mut self) -> Self {
        self.claim = Claim::Scan(self.party);
        self
    }

    /// Runs it; the raw error, for [`OnConstraint`](crate::OnConstraint) and SQLSTATEs.
    ///
    /// # Errors
    /// Whatever the database says, also when there is not exactly one row.
    pub async fn fetch_one(self) -> Result<O, sqlx::Error> {
        let mut lent = self.pool.lend(self.claim).await?;
        let outcome = self.query.fetch_one(lent.connection()).await;
        lent.settle(outcome)
    }

    /// Runs it.
    ///
    /// # Errors
    /// The database does not answer, or refuses.
    pub async fn fetch_optional(self) -> Result<Option<O>, Error> {
        let mut lent = self.pool.lend(self.claim).await?;
        let outcome = self.query.fetch_optional(lent.connection()).await;
        Ok(lent.settle(outcome)?)
    }

    /// Runs it.
    ///
    /// # Errors
    /// The database does not answer, or refuses.
    pub async fn fetch_all(self) -> Result<Vec<O>, Error> {
        let mut lent = self.pool.lend(self.claim).await?;
        let outcome = self.query.fetch_all(lent.connection()).await;
        Ok(lent.settle(outcome)?)
    }
}
