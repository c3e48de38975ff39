//! Polls for the data that a stream watches.

use std::time::Duration;

use crate::error::BillingError;

/// How often a watcher polls.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// A source that is polled repeatedly.
pub(crate) trait Look: Send + 'static {
    /// The result of a poll that found changes.
    type Seen: Send;

    /// Polls for changes. Returns `None` if there are none, and the next poll can wait.
    fn look(&mut self) -> impl Future<Output = Result<Option<Self::Seen>, BillingError>> + Send;

    /// Waits until the next poll is due.
    fn pause(&mut self) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(EVERY)
    }
}
