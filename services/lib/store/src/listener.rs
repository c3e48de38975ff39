//! Receives the notifications that transactions send with `pg_notify`.

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use crate::error::Error;

/// A connection that listens on one channel.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Opens a separate connection and listens.
    pub(crate) async fn start(options: &PgConnectOptions, channel: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        // Notifications that are sent while the connection is lost are lost too, so the caller must know and start
        // again.
        listener.eager_reconnect(false);
        listener.listen(channel).await?;
        Ok(Self(listener))
    }

    /// Waits for the next notification and returns its payload. Cancel-safe.
    ///
    /// # Errors
    /// The connection was lost; start a new listener.
    pub async fn hear(&mut self) -> Result<String, Error> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(Error::Unavailable(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()))),
        }
    }

    /// Makes a round trip on this connection. After it, every notification that was committed before has been
    /// returned or is available from [`Listener::heard`].
    ///
    /// # Errors
    /// The connection was lost; start a new listener.
    pub async fn ping(&mut self) -> Result<(), Error> {
        sqlx::Acquire::acquire(&mut self.0).await?.ping().await?;
        Ok(())
    }

    /// Returns a notification that has been received and not taken yet, or `None`.
    pub fn heard(&mut self) -> Option<String> {
        self.0.next_buffered().map(|notification| notification.payload().to_owned())
    }
}
