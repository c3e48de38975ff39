//! What somebody watches.

use std::time::Duration;

use crate::error::BillingError;

/// How soon a watcher sees what is new.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// Something that is looked at again and again.
pub(crate) trait Look: Send + 'static {
    /// What a look finds.
    type Seen: Send;

    /// Looks for what was not seen before. Nothing means that the next look can wait.
    fn look(&mut self) -> impl Future<Output = Result<Option<Self::Seen>, BillingError>> + Send;

    /// Waits until the next look is worth it.
    fn pause(&mut self) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(EVERY)
    }
}
