//! Sends what waits to tenant, one call for all workspaces that are in a batch.

use std::sync::Arc;
use std::time::Duration;

use usher_base::Reason;
use usher_rpc::{Failure, Tasks};

use super::dropped::Dropped;
use super::queue::{Entry, Queue};
use crate::grpc::provisioning_log::{Appended, LogClient};

/// After tenant, or one workspace's log, took nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the last entries may take when the gateway stops.
const LAST: Duration = Duration::from_secs(2);

/// How a queue is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long entries are collected before they are sent.
    pub(super) collect: Duration,
    /// Most entries sent at once, as tenant takes them.
    pub(super) batch: usize,
}

/// Sends a queue's entries.
pub(super) struct QueueSender {
    pub(super) queue: Arc<Queue>,
    pub(super) pace: Pace,
    pub(super) client: LogClient,
    pub(super) dropped: Dropped,
}

impl QueueSender {
    /// Sends what comes, until the stop is asked for; then what is left.
    pub(super) async fn run(self, tasks: Tasks) {
        loop {
            tokio::select! {
                () = self.queue.arrival() => {}
                () = tasks.stopping() => return self.finish().await,
            }
            // Whoever comes soon goes along.
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

    fn batch(&self) -> Vec<Entry> {
        let mut batch = self.queue.take(self.pace.batch);
        batch.iter_mut().for_each(Entry::read_document);
        batch
    }

    /// Sends what is left: no longer than the stop may take.
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
        if tokio::time::timeout(LAST, all).await.is_err() {
            let entries = self.queue.len();
            tracing::warn!(entries, "the last entries of provisioning logs were not all sent");
        }
    }

    /// Sends a batch; again and again while tenant is away. Entries that can't be stored for one workspace
    /// wait for a second, and the entries of the other workspaces are sent without them.
    async fn send(&self, batch: Vec<Entry>, tasks: &Tasks) {
        let mut told = false;
        loop {
            let failure = match self.client.append(&batch).await {
                Ok(appended) => {
                    let again = self.note(batch, &appended);
                    return self.queue.put_back(again, PAUSE);
                }
                Err(failure) => failure,
            };
            if !passes(&failure) || tasks.is_stopping() {
                let entries = batch.len();
                tracing::error!(error = %failure, entries, "entries of provisioning logs are lost");
                return self.dropped.add(entries, "refused");
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(error = %failure, "provisioning logs wait for tenant");
            }
            tokio::select! {
                () = tasks.stopping() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Counts what was dropped, and gives what is to be sent again.
    fn note(&self, batch: Vec<Entry>, appended: &Appended) -> Vec<Entry> {
        for (why, entries) in appended.dropped {
            self.dropped.add(entries, why);
        }
        batch.into_iter().filter(|entry| appended.again.contains(&entry.attempt.workspace)).collect()
    }
}

/// Whether the same call may succeed later.
fn passes(failure: &Failure) -> bool {
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
