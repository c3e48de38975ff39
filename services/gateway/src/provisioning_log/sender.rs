//! Sends what waits to tenant, one call for all workspaces that are in a batch.

use std::sync::Arc;
use std::time::Duration;

use usher_base::Reason;
use usher_rpc::{Failure, Tasks};

use super::dropped::Dropped;
use super::queue::{Entry, Queue};
use crate::grpc::provisioning_log::LogClient;

/// After tenant did not answer.
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
            if self.queue.len() < self.pace.batch {
                tokio::select! {
                    () = tokio::time::sleep(self.pace.collect) => {}
                    () = tasks.stopping() => {}
                }
            }
            let batch = self.batch();
            self.send(&batch, &tasks).await;
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
                let batch = self.batch();
                if batch.is_empty() {
                    return;
                }
                match self.client.append(&batch).await {
                    Ok(outcome) => self.note(outcome),
                    Err(_) => self.dropped.add(batch.len(), "stopped"),
                }
            }
        };
        if tokio::time::timeout(LAST, all).await.is_err() {
            let entries = self.queue.len();
            tracing::warn!(entries, "the last entries of provisioning logs were not all sent");
        }
    }

    /// Sends a batch; again and again while tenant is away.
    async fn send(&self, batch: &[Entry], tasks: &Tasks) {
        let mut told = false;
        loop {
            let failure = match self.client.append(batch).await {
                Ok(outcome) => return self.note(outcome),
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

    fn note(&self, (nowhere, noise): (usize, usize)) {
        self.dropped.add(nowhere, "nowhere");
        self.dropped.add(noise, "noise");
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
