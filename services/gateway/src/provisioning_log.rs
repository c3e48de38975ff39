//! What identity providers try and what comes of it, on its way to the workspace's provisioning log.
//!
//! Nobody waits for it: entries are collected and sent in the background. While tenant is away they
//! wait in a bounded queue; what does not fit any more is counted.

mod attempt;
mod sent;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;
use usher_base::id::LogEntryId;
use usher_base::{Clock, Reason};
use usher_rpc::Tasks;

pub(crate) use attempt::Attempt;

use crate::grpc::provisioning_log::LogClient;

/// Entries that wait; more are dropped.
const QUEUE: usize = 10_000;
/// How long entries are collected before they are sent.
const COLLECT: Duration = Duration::from_millis(100);
/// Most entries sent at once, as tenant takes them.
const BATCH: usize = 500;
/// After tenant did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the last entries may take when the gateway stops.
const LAST: Duration = Duration::from_secs(2);
/// Documents larger than this are logged without the names of their attributes.
pub(crate) const LONGEST_DOCUMENT: usize = 64 << 10;
/// Without a valid token one refusal of a kind is logged in so long, so that noise fills no log.
const NOISE: Duration = Duration::from_secs(5);

/// An attempt with its place in the log.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: LogEntryId,
    pub(crate) at: Timestamp,
    pub(crate) attempt: Attempt,
    pub(crate) sent: sent::Sent,
}

/// Takes entries. Clones are the same.
#[derive(Clone)]
pub(crate) struct ProvisioningLog {
    queue: mpsc::Sender<(LogEntryId, Timestamp, Attempt)>,
    clock: Clock,
    refused: moka::sync::Cache<(String, &'static str), ()>,
}

/// Sends entries.
pub(crate) struct Sender {
    queue: mpsc::Receiver<(LogEntryId, Timestamp, Attempt)>,
    client: LogClient,
}

impl ProvisioningLog {
    /// Both ends.
    pub(crate) fn new(client: LogClient, clock: Clock) -> (Self, Sender) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let refused = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(NOISE).build();
        (Self { queue: sender, clock, refused }, Sender { queue, client })
    }

    /// Takes an attempt.
    pub(crate) fn record(&self, attempt: Attempt) {
        if attempt.caller.is_none() && self.is_noise(&attempt) {
            return;
        }
        let entry = (LogEntryId::new(&self.clock), self.clock.now(), attempt);
        if self.queue.try_send(entry).is_err() {
            dropped(1, "full");
        }
    }

    /// Whether the same was refused a moment ago.
    fn is_noise(&self, attempt: &Attempt) -> bool {
        let reason = attempt.problem.as_ref().map_or("", |problem| problem.reason);
        let key = (attempt.workspace.clone(), reason);
        let heard = self.refused.contains_key(&key);
        if heard {
            dropped(1, "noise");
        } else {
            self.refused.insert(key, ());
        }
        heard
    }
}

impl Sender {
    /// Sends what comes, until the stop is asked for; then what is left.
    pub(crate) async fn run(mut self, tasks: Tasks) {
        loop {
            let mut batch = Vec::new();
            let stopping = tokio::select! {
                taken = self.queue.recv_many(&mut batch, BATCH) => taken == 0,
                () = tasks.stopping() => true,
            };
            if stopping {
                return self.finish().await;
            }
            // Whoever comes soon goes along.
            let until = Instant::now() + COLLECT;
            while batch.len() < BATCH && !tasks.is_stopping() {
                let more = self.queue.recv_many(&mut batch, BATCH);
                if !matches!(tokio::time::timeout_at(until.into(), more).await, Ok(taken) if taken > 0) {
                    break;
                }
            }
            for (workspace, entries) in by_workspace(batch) {
                self.send(&workspace, &entries, &tasks).await;
            }
        }
    }

    /// Sends what is left: no longer than the stop may take.
    async fn finish(mut self) {
        let mut batch = Vec::new();
        while let Ok(entry) = self.queue.try_recv() {
            batch.push(entry);
        }
        let entries = batch.len();
        let all = async {
            for (workspace, entries) in by_workspace(batch) {
                for part in entries.chunks(BATCH) {
                    if self.client.append(&workspace, part).await.is_err() {
                        dropped(part.len(), "stopped");
                    }
                }
            }
        };
        if tokio::time::timeout(LAST, all).await.is_err() {
            tracing::warn!(entries, "the last entries of provisioning logs were not all sent");
        }
    }

    /// Sends a workspace's entries; again and again while tenant is away.
    async fn send(&self, workspace: &str, entries: &[Entry], tasks: &Tasks) {
        let mut told = false;
        loop {
            let failure = match self.client.append(workspace, entries).await {
                Ok(()) => return,
                // Somebody made the name up.
                Err(failure) if failure.reason == Reason::NotFound => {
                    return dropped(entries.len(), "nowhere");
                }
                Err(failure) => failure,
            };
            let passes = matches!(
                failure.reason,
                Reason::Unavailable
                    | Reason::Overloaded
                    | Reason::DeadlineExceeded
                    | Reason::CredentialExpired
            );
            if !passes || tasks.is_stopping() {
                tracing::error!(error = %failure, entries = entries.len(), "entries of a provisioning log are lost");
                return dropped(entries.len(), "refused");
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
}

fn by_workspace(batch: Vec<(LogEntryId, Timestamp, Attempt)>) -> HashMap<String, Vec<Entry>> {
    let mut entries: HashMap<String, Vec<Entry>> = HashMap::new();
    for (id, at, attempt) in batch {
        let taken = attempt.status.is_success();
        let read = |document| sent::Sent::read(document, attempt.kind, taken);
        let sent = attempt.document.as_deref().map(read).unwrap_or_default();
        entries.entry(attempt.workspace.clone()).or_default().push(Entry { id, at, attempt, sent });
    }
    entries
}

fn dropped(entries: usize, why: &'static str) {
    let entries = u64::try_from(entries).unwrap_or(u64::MAX);
    metrics::counter!("usher_provisioning_log_dropped_total", "why" => why).increment(entries);
}
