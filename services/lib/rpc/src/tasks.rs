//! Background tasks, and the shutdown of all of them.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// Tracks background tasks, tells them to stop, and waits for them. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
}

impl Tasks {
    /// Creates an empty tracker.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task in the background. Shutdown waits for it.
    #[expect(clippy::disallowed_methods, reason = "the tracker's own spawn, which shutdown waits for")]
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(self.tracker.track_future(work))
    }

    /// Runs work to its end even if the caller disconnects, so that a mutation is never left half done. Its log lines
    /// have the caller's request id, like those of the call itself.
    ///
    /// # Panics
    /// If the work panics.
    pub async fn detach<F>(&self, work: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.spawn(work.in_current_span()).await {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only the runtime cancels these tasks, when the process ends.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Tells all tasks to stop.
    pub fn soft_stop(&self) {
        self.soft.cancel();
        self.tracker.close();
    }

    /// Whether shutdown has begun.
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Waits until shutdown begins.
    pub async fn stopping(&self) {
        self.soft.cancelled().await;
    }

    /// Waits for the tracked tasks, at most for `within`.
    pub async fn drain(&self, within: Duration) {
        self.soft_stop();
        if tokio::time::timeout(within, self.tracker.wait()).await.is_err() {
            tracing::warn!(left = self.tracker.len(), "tasks were still running at the deadline");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn detached_work_is_in_the_span_of_its_call() {
        let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let name = async { tracing::Span::current().metadata().map(tracing::Metadata::name) };

        let found = Tasks::new().detach(name).instrument(tracing::info_span!("rpc")).await;

        assert_eq!(found, Some("rpc"));
    }
}
