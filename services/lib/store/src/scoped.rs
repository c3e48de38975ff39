//! Access to the data of one workspace, and to nothing else.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryAs;
use sqlx::{Encode, FromRow, PgConnection, Postgres, Type};
use uuid::Uuid;

use crate::error::Error;
use crate::pool::{Lent, Pool};

/// One workspace's part of a database. The tenant is bound here once; nothing below names it.
#[derive(Clone, Debug)]
pub struct ScopedDatabase {
    pool: Pool,
    tenant: Uuid,
}

impl ScopedDatabase {
    pub(crate) const fn new(pool: Pool, tenant: Uuid) -> Self {
        Self { pool, tenant }
    }

    /// A transaction with the tenant set for row-level security, both in one round trip.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(&self) -> Result<TenantTx, Error> {
        // The tenant is a UUID's own text, so nothing else can be in the statement.
        let begin = format!("BEGIN; SELECT app_set_tenant('{}')", self.tenant);
        let mut inner = self.pool.lend().await?;
        inner.begin(begin).await?;
        Ok(TenantTx { inner, tenant: self.tenant })
    }

    /// One statement that is its own transaction, in one round trip: the hot paths. `$1` is the
    /// tenant. It must be a call of a PL/pgSQL function whose first act is `app_set_tenant($1)`;
    /// otherwise row-level security shows it nothing.
    pub fn statement<O>(&self, sql: &'static str) -> Statement<O>
    where
        O: for<'r> FromRow<'r, PgRow>,
    {
        Statement { query: sqlx::query_as(sql).bind(self.tenant), pool: self.pool.clone() }
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

    /// Runs it; the raw error, for [`OnConstraint`](crate::OnConstraint) and SQLSTATEs.
    ///
    /// # Errors
    /// Whatever the database says, also when there is not exactly one row.
    pub async fn fetch_one(self) -> Result<O, sqlx::Error> {
        let mut lent = self.pool.lend().await?;
        let outcome = self.query.fetch_one(lent.connection()).await;
        lent.settle(outcome)
    }

    /// Runs it.
    ///
    /// # Errors
    /// The database does not answer, or refuses.
    pub async fn fetch_optional(self) -> Result<Option<O>, Error> {
        let mut lent = self.pool.lend().await?;
        let outcome = self.query.fetch_optional(lent.connection()).await;
        Ok(lent.settle(outcome)?)
    }

    /// Runs it.
    ///
    /// # Errors
    /// The database does not answer, or refuses.
    pub async fn fetch_all(self) -> Result<Vec<O>, Error> {
        let mut lent = self.pool.lend().await?;
        let outcome = self.query.fetch_all(lent.connection()).await;
        Ok(lent.settle(outcome)?)
    }
}
