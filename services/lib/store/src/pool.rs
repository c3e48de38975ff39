//! Connections, kept and lent.
//!
//! A connection comes back without a word to the server where its work ended in good order; otherwise it is
//! rolled back first, or given up.

use std::time::Duration;

use deadpool::managed::{
    Manager, Metrics, Object, Pool as Places, PoolError, QueueMode, RecycleError, RecycleResult,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::share::{Claim, Excess, Held, Shares};

/// How long a request waits for a free connection before it is told to come back later.
const ACQUIRE: Duration = Duration::from_secs(2);
/// A connection that rested longer is asked whether it lives before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// A server's process grows with what it has seen; an old connection is replaced.
const LIFE: Duration = Duration::from_mins(30);

/// The connections of one replica to one database. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    places: Places<Connector>,
    shares: Shares,
}

/// What the connections of one replica to one database do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// The most that there may be.
    pub most: u32,
    /// Those that work.
    pub used: u32,
    /// Those that rest.
    pub idle: u32,
    /// Requests that wait for one.
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
        if metrics.age() > LIFE {
            return Err(RecycleError::message("it is old"));
        }
        if metrics.last_used() > RESTED {
            connection.ping().await?;
        }
        Ok(())
    }
}

impl Pool {
    /// Keeps at most so many connections; each is made when it is first needed.
    pub(crate) fn new(options: PgConnectOptions, most: u32) -> Result<Self, sqlx::Error> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let places = Places::builder(Connector(options))
            .max_size(most)
            .wait_timeout(Some(ACQUIRE))
            .create_timeout(Some(ACQUIRE))
            .recycle_timeout(Some(ACQUIRE))
            // The one that was used last has its plans at hand.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        Ok(Self { places, shares: Shares::of(most) })
    }

    /// Lends a connection. An error that is `Crowded` has it as its source, and says that the claim's own
    /// party has more under way than its share.
    pub(crate) async fn lend(&self, claim: Claim) -> Result<Lent, sqlx::Error> {
        let held = match self.shares.take(claim).await {
            Ok(held) => held,
            Err(Excess::Everybodys) => return Err(sqlx::Error::PoolTimedOut),
            Err(Excess::Own(crowded)) => return Err(sqlx::Error::AnyDriverError(Box::new(crowded))),
        };
        match self.places.get().await {
            Ok(object) => Ok(Lent(Some((object, held)))),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Closed) => Err(sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// What the connections do now.
    pub(crate) fn connections(&self) -> Connections {
        let status = self.places.status();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Connections {
            most: count(status.max_size),
            used: count(status.size.saturating_sub(status.available)),
            idle: count(status.available),
            waiting: count(status.waiting),
        }
    }

    /// Lends no more, and ends the connections that are here.
    pub(crate) fn close(&self) {
        self.places.close();
    }
}

/// A connection on loan, and the share that it is lent out of; none only while it is given back.
#[derive(Debug)]
pub(crate) struct Lent(Option<(Object<Connector>, Held)>);

impl Lent {
    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        match &mut self.0 {
            Some((object, _)) => object,
            None => unreachable!("whoever gives a connection back has no more use of it"),
        }
    }

    /// Begins a transaction; `begin` may have further statements behind it.
    pub(crate) async fn begin(&mut self, begin: String) -> Result<(), sqlx::Error> {
        self.connection().execute(AssertSqlSafe(begin)).await?;
        Ok(())
    }

    /// Ends the transaction with effect, and gives the connection back.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let outcome = self.connection().execute("COMMIT").await;
        self.settle(outcome.map(|_| ()))
    }

    /// Gives the connection back after a statement that was a transaction by itself.
    pub(crate) fn settle<T>(mut self, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        match (&outcome, self.0.take()) {
            (Err(error), Some((object, _))) if is_broken(error) => drop(Object::take(object)),
            (_, lent) => drop(lent),
        }
        outcome
    }
}

/// Work that was broken off, or a transaction that was not committed: the connection is used again only after
/// a rollback. At once, because open transactions hold locks. The share is in use until then, because a statement
/// goes on though nobody waits for it.
impl Drop for Lent {
    fn drop(&mut self) {
        let Some((mut object, held)) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return drop(Object::take(object));
        };
        runtime.spawn(async move {
            if object.execute("ROLLBACK").await.is_err() {
                drop(Object::take(object));
            }
            drop(held);
        });
    }
}

/// Whether the connection is of no use any more, or may be. What the server says of a statement tells
/// nothing of the connection, unless it is the server that goes away (classes 08 and 57P).
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
