//! Hears what transactions announce with `pg_notify`.

use sqlx::Connection as _;
use sqlx::postgres::{PgListener, PgPool};

use crate::error::Error;

/// A connection that hears one channel.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    pub(crate) async fn start(pool: &PgPool, channel: &str) -> Result<Self, Error> {
        let mut listener = PgListener::connect_with(pool).await?;
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
