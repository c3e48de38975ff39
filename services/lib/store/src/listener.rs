//! Hears what transactions announce with `pg_notify`.

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use crate::error::Error;

/// A connection that hears one channel.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// On a connection of its own.
    pub(crate) async fn start(options: &PgConnectOptions, channel: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        // What was announced while a connection was lost is lost: the caller must know, and begin anew.
        listener.eager_reconnect(false);
        listener.listen(channel).await?;
        Ok(Self(listener))
    }

    /// Waits for the next announcement; its payload. Dropped while it waits, it loses nothing.
    ///
    /// # Errors
    /// The connection is lost; listen anew.
    pub async fn hear(&mut self) -> Result<String, Error> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(Error::Unavailable(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()))),
        }
    }

    /// Asks the database for an answer on this very connection. Once it is there, everything that
    /// was committed before has been heard or is in [`Listener::heard`].
    ///
    /// # Errors
    /// The connection is lost; listen anew.
    pub async fn ping(&mut self) -> Result<(), Error> {
        sqlx::Acquire::acquire(&mut self.0).await?.ping().await?;
        Ok(())
    }

    /// What was heard and not yet taken.
    pub fn heard(&mut self) -> Option<String> {
        self.0.next_buffered().map(|notification| notification.payload().to_owned())
    }
}
