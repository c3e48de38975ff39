//! One service's database.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use usher_base::TenantScope;

use crate::error::Error;
use crate::listener::Listener;
use crate::pool::{Connections, Lent, Pool};
use crate::scoped::ScopedDatabase;
use crate::share::Claim;

/// How a service reaches its database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `postgres://usher_app@host/database`; may carry a password, so it is never logged.
    pub url: String,
    /// Most connections of this replica.
    pub max_connections: u32,
    /// Longest that one statement may take.
    pub statement_timeout: Duration,
    /// What the server's views call this client.
    pub application: &'static str,
}

/// A pool of connections. The pool itself is private: tables that hold a workspace's data are
/// reached by [`Database::scoped`] only, and row-level security shows nothing to the rest.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool,
    options: PgConnectOptions,
}

impl Database {
    /// Prepares the pool. Connections are made when they are first needed, so a database that is
    /// away now is no error yet.
    ///
    /// # Errors
    /// A URL that can't be read.
    pub fn open(config: &DatabaseConfig) -> Result<Self, Error> {
        let options =
            PgConnectOptions::from_str(&config.url)?.application_name(config.application).options([
                ("statement_timeout", config.statement_timeout.as_millis().to_string()),
                ("citus.propagate_set_commands", "local".to_owned()),
                // A table has the rows of all workspaces, so no statement of one reads all of it, however small
                // it was when the plan was made. What has no index costs beyond measure then, and would be compiled.
                ("enable_seqscan", "off".to_owned()),
                ("jit", "off".to_owned()),
            ]);
        Ok(Self { pool: Pool::new(options.clone(), config.max_connections)?, options })
    }

    /// The data of one workspace.
    pub fn scoped(&self, scope: &TenantScope) -> ScopedDatabase {
        ScopedDatabase::new(self.pool.clone(), scope)
    }

    /// A transaction on tables that hold no workspace's data: plans, keys, directories.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn global(&self) -> Result<GlobalTx, Error> {
        let mut lent = self.pool.lend(Claim::Global).await?;
        lent.begin("BEGIN".to_owned()).await?;
        Ok(GlobalTx(lent))
    }

    /// A connection that hears what is announced on a channel.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn listen(&self, channel: &str) -> Result<Listener, Error> {
        Listener::start(&self.options, channel).await
    }

    /// Whether the database answers now.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut lent = self.pool.lend(Claim::Ping).await?;
        let answer = lent.connection().ping().await;
        Ok(lent.settle(answer)?)
    }

    /// What the connections do now.
    pub fn connections(&self) -> Connections {
        self.pool.connections()
    }

    /// Ends all connections.
    pub fn close(&self) {
        self.pool.close();
    }
}

/// A transaction without a tenant: row-level security hides every workspace's rows from it.
#[derive(Debug)]
pub struct GlobalTx(Lent);

impl GlobalTx {
    /// The connection, to run statements on.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.0.connection()
    }

    /// Ends the transaction with effect.
    ///
    /// # Errors
    /// The database does not answer; whether it took effect is then unknown.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.0.commit().await?)
    }
}
