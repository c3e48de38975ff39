//! The database of one service.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use usher_base::TenantScope;

use crate::error::Error;
use crate::listener::Listener;
use crate::pool::{Connections, Pool, PooledConnection};
use crate::scoped::ScopedDatabase;
use crate::share::Purpose;

/// How a service reaches its database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `postgres://usher_app@host/database`. It may contain a password, so it is never logged.
    pub url: String,
    /// The maximum number of connections of this replica.
    pub max_connections: u32,
    /// The maximum duration of one statement.
    pub statement_timeout: Duration,
    /// The application name that the server's views show for this client.
    pub application: &'static str,
}

/// A connection pool. The pool itself is private: tables with a workspace's data can be reached only through
/// [`Database::scoped`], and row-level security hides them from everything else.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool,
    options: PgConnectOptions,
}

impl Database {
    /// Creates the pool. Connections are opened when they are first needed, so this succeeds even if the database is
    /// unavailable.
    ///
    /// # Errors
    /// The URL can't be parsed.
    pub fn open(config: &DatabaseConfig) -> Result<Self, Error> {
        let options =
            PgConnectOptions::from_str(&config.url)?.application_name(config.application).options([
                ("statement_timeout", config.statement_timeout.as_millis().to_string()),
                ("citus.propagate_set_commands", "local".to_owned()),
                // Every table contains the rows of all workspaces, so a statement of one workspace must never scan a
                // whole table, even if the table was small when the plan was made. Without an index the estimated
                // cost is so high that PostgreSQL would start JIT compilation.
                ("enable_seqscan", "off".to_owned()),
                ("jit", "off".to_owned()),
            ]);
        Ok(Self { pool: Pool::new(options.clone(), config.max_connections)?, options })
    }

    /// Access to the data of one workspace.
    pub fn scoped(&self, scope: &TenantScope) -> ScopedDatabase {
        ScopedDatabase::new(self.pool.clone(), scope)
    }

    /// Begins a transaction on tables without any workspace's data, such as plans, keys and directories.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn global(&self) -> Result<GlobalTx, Error> {
        let mut connection = self.pool.acquire(Purpose::Global).await?;
        connection.begin("BEGIN".to_owned()).await?;
        Ok(GlobalTx(connection))
    }

    /// Opens a connection that receives the notifications of a channel.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn listen(&self, channel: &str) -> Result<Listener, Error> {
        Listener::start(&self.options, channel).await
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pool.acquire(Purpose::Ping).await?;
        let answer = connection.connection().ping().await;
        Ok(connection.release(answer)?)
    }

    /// The state of the pool's connections.
    pub fn connections(&self) -> Connections {
        self.pool.connections()
    }

    /// Closes all connections.
    pub fn close(&self) {
        self.pool.close();
    }
}

/// A transaction without a tenant. Row-level security hides the rows of all workspaces from it.
#[derive(Debug)]
pub struct GlobalTx(PooledConnection);

impl GlobalTx {
    /// The connection to run statements on.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.0.connection()
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// The database is unavailable. It is then unknown whether the transaction was committed.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.0.commit().await?)
    }
}
