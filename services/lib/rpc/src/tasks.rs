//! Work that outlives the call that began it, and the end of all work.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tracks background work, tells it when to stop, and waits for it. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
}

impl Tasks {
    /// Nothing to track yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs work in the background; shutdown waits for it.
    #[expect(clippy::disallowed_methods, reason = "the tracker's own spawn, which shutdown waits for")]
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(self.tracker.track_future(work))
    }

    /// Runs work to its end even if the caller goes away meanwhile: a mutation that has begun is finished.
    ///
    /// # Panics
    /// Where the work itself panicked.
    pub async fn detach<F>(&self, work: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.spawn(work).await {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Nothing aborts these tasks; the runtime does when the process ends.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Asks everything to come to an end.
    pub fn soft_stop(&self) {
        self.soft.cancel();
        self.tracker.close();
    }

    /// Whether the end was asked for.
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Waits until the end is asked for.
    pub async fn stopping(&self) {
        self.soft.cancelled().await;
    }

    /// Waits for tracked work, at most so long.
    pub async fn drain(&self, within: Duration) {
        self.soft_stop();
        if tokio::time::timeout(within, self.tracker.wait()).await.is_err() {
            tracing::warn!(left = self.tracker.len(), "work was still under way at the deadline");
        }
    }
}
