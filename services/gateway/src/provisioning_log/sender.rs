//! Sends queued entries to tenant, one call per batch for all its workspaces.

use std::sync::Arc;
use std::time::Duration;

use usher_base::Reason;
use usher_rpc::{Failure, Tasks};

use super::dropped::Dropped;
use super::queue::{Queue, QueuedEntry};
use crate::grpc::provisioning_log::{Appended, LogClient};

/// The pause after tenant, or one workspace's log, accepted nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// The maximum time for the last entries when the gateway stops.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// How a queue is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long entries are collected before they are sent.
    pub(super) collect: Duration,
    /// The maximum number of entries per batch, as tenant accepts them.
    pub(super) batch: usize,
}

/// Sends the entries of a queue.
pub(super) struct QueueSender {
    pub(super) queue: Arc<Queue>,
    pub(super) pace: Pace,
    pub(super) client: LogClient,
    pub(super) dropped: Dropped,
}

impl QueueSender {
    /// Sends entries until shutdown begins, then the remaining ones.
    pub(super) async fn run(self, tasks: Tasks) {
        loop {
            tokio::select! {
                () = self.queue.arrival() => {}
                () = tasks.stopping() => return self.finish().await,
            }
            // Waits a little so that more entries join the batch.
            if self.queue.ready() < self.pace.batch {
                tokio::select! {
                    () = tokio::time::sleep(self.pace.collect) => {}
                    () = tasks.stopping() => {}
                }
            }
            let batch = self.batch();
            self.send(batch, &tasks).await;
        }
    }

    fn batch(&self) -> Vec<QueuedEntry> {
        let mut batch = self.queue.take(self.pace.batch);
        batch.iter_mut().for_each(QueuedEntry::read_document);
        batch
    }

    /// Sends the remaining entries, within the time for shutdown.
    async fn finish(self) {
        let all = async {
            loop {
                self.queue.wake();
                let batch = self.batch();
                if batch.is_empty() {
                    return;
                }
                match self.client.append(&batch).await {
                    Ok(appended) => {
                        let again = self.note(batch, &appended);
                        self.dropped.add(again.len(), "stopped");
                    }
                    Err(_) => self.dropped.add(batch.len(), "stopped"),
                }
            }
        };
        if tokio::time::timeout(FINISH_TIMEOUT, all).await.is_err() {
            let entries = self.queue.len();
            tracing::warn!(entries, "the last entries of provisioning logs were not all sent");
        }
    }

    /// Sends a batch, and retries while tenant is unavailable. Entries that can't be stored for one workspace wait
    /// for a second; those of the other workspaces are sent without them.
    async fn send(&self, batch: Vec<QueuedEntry>, tasks: &Tasks) {
        let mut told = false;
        loop {
            let failure = match self.client.append(&batch).await {
                Ok(appended) => {
                    let again = self.note(batch, &appended);
                    return self.queue.put_back(again, PAUSE);
                }
                Err(failure) => failure,
            };
            if !is_temporary(&failure) || tasks.is_stopping() {
                let entries = batch.len();
                tracing::error!(error = %failure, entries, "entries of provisioning logs are lost");
                return self.dropped.add(entries, "refused");
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(error = %failure, "provisioning logs are waiting for tenant");
            }
            tokio::select! {
                () = tasks.stopping() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Counts dropped entries, and returns those that must be sent again.
    fn note(&self, batch: Vec<QueuedEntry>, appended: &Appended) -> Vec<QueuedEntry> {
        for (why, entries) in appended.dropped {
            self.dropped.add(entries, why);
        }
        batch.into_iter().filter(|entry| appended.again.contains(&entry.log_entry.workspace)).collect()
    }
}

/// Whether the same call may succeed later.
fn is_temporary(failure: &Failure) -> bool {
    matches!(
        failure.reason,
        Reason::Unavailable
            | Reason::Overloaded
            | Reason::RateLimited
            | Reason::DeadlineExceeded
            | Reason::CredentialExpired
            | Reason::CredentialInvalid
    )
}
