//! The connection pool.
//!
//! A connection whose work ended normally returns to the pool without a further round trip. Otherwise it is rolled
//! back first, or closed.

use std::time::Duration;

use deadpool::managed::{
    Manager, Metrics, Object, Pool as Inner, PoolError, QueueMode, RecycleError, RecycleResult,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::share::{Permits, Purpose, Refusal, Shares};

/// The maximum time that a request waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is pinged before it is used.
const PING_AFTER: Duration = Duration::from_secs(1);
/// The maximum age of a connection. The memory of its server process grows over time.
const MAX_AGE: Duration = Duration::from_mins(30);

/// The connections of one replica to one database. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    inner: Inner<Connector>,
    shares: Shares,
}

/// The state of the connections of one replica to one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// The maximum number.
    pub max: u32,
    /// The number in use.
    pub used: u32,
    /// The number of idle ones.
    pub idle: u32,
    /// The number of requests that wait for one.
    pub waiting: u32,
}

#[derive(Debug)]
struct Connector(PgConnectOptions);

impl Manager for Connector {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.0).await
    }

    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() > MAX_AGE {
            return Err(RecycleError::message("it is too old"));
        }
        if metrics.last_used() > PING_AFTER {
            connection.ping().await?;
        }
        Ok(())
    }
}

impl Pool {
    /// Creates a pool with at most `max` connections. Each is opened when it is first needed.
    pub(crate) fn new(options: PgConnectOptions, max: u32) -> Result<Self, sqlx::Error> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let inner = Inner::builder(Connector(options))
            .max_size(max)
            .wait_timeout(Some(ACQUIRE_TIMEOUT))
            .create_timeout(Some(ACQUIRE_TIMEOUT))
            .recycle_timeout(Some(ACQUIRE_TIMEOUT))
            // The connection that was used last has the plans of its statements in the cache.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        Ok(Self { inner, shares: Shares::for_connections(max) })
    }

    /// Acquires a connection. If the party exceeds its share, the error has
    /// [`Crowded`](usher_base::fair_semaphore::Crowded) as its source.
    pub(crate) async fn acquire(&self, purpose: Purpose) -> Result<PooledConnection, sqlx::Error> {
        let permits = match self.shares.take(purpose).await {
            Ok(permits) => permits,
            Err(Refusal::Pool) => return Err(sqlx::Error::PoolTimedOut),
            Err(Refusal::Party(crowded)) => return Err(sqlx::Error::AnyDriverError(Box::new(crowded))),
        };
        match self.inner.get().await {
            Ok(object) => Ok(PooledConnection(Some((object, permits)))),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Closed) => Err(sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// The current state of the connections.
    pub(crate) fn connections(&self) -> Connections {
        let status = self.inner.status();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Connections {
            max: count(status.max_size),
            used: count(status.size.saturating_sub(status.available)),
            idle: count(status.available),
            waiting: count(status.waiting),
        }
    }

    /// Closes the idle connections, and refuses further requests.
    pub(crate) fn close(&self) {
        self.inner.close();
    }
}

/// A connection from the pool, and the permits to use it. `None` only while it is being released.
#[derive(Debug)]
pub(crate) struct PooledConnection(Option<(Object<Connector>, Permits)>);

impl PooledConnection {
    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        match &mut self.0 {
            Some((object, _)) => object,
            None => unreachable!("a released connection can't be used"),
        }
    }

    /// Begins a transaction. `begin` may contain further statements.
    pub(crate) async fn begin(&mut self, begin: String) -> Result<(), sqlx::Error> {
        self.connection().execute(AssertSqlSafe(begin)).await?;
        Ok(())
    }

    /// Commits the transaction and releases the connection.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let outcome = self.connection().execute("COMMIT").await;
        self.release(outcome.map(|_| ()))
    }

    /// Releases the connection after a statement that was its own transaction.
    pub(crate) fn release<T>(mut self, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        match (&outcome, self.0.take()) {
            (Err(error), Some((object, _))) if is_broken(error) => drop(Object::take(object)),
            (_, connection) => drop(connection),
        }
        outcome
    }
}

/// The work was cancelled, or the transaction was not committed: the connection is rolled back before it is used
/// again. This happens at once, because open transactions hold locks. The permits are released afterwards, because
/// the statement continues on the server even if nobody waits for it.
impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some((mut object, permits)) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return drop(Object::take(object));
        };
        runtime.spawn(async move {
            if object.execute("ROLLBACK").await.is_err() {
                drop(Object::take(object));
            }
            drop(permits);
        });
    }
}

/// Whether the connection is broken, or may be. Errors of a statement say nothing about the connection, except those
/// that report that the server shuts down (classes 08 and 57P).
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_none_or(|code| code.starts_with("08") || code.starts_with("57P"))
        }
        sqlx::Error::RowNotFound
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_) => false,
        _ => true,
    }
}
