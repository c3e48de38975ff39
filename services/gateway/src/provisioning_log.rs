//! Collects what identity providers request and what the outcome is, and sends it to the workspaces' provisioning
//! logs.
//!
//! Requests do not wait for this: entries are sent in the background. While tenant is unavailable they wait in a
//! bounded queue; entries that do not fit are dropped, counted and reported. Entries without a valid token have a
//! small queue and a sender of their own, so that unauthenticated requests can neither delay nor displace the entries
//! of a workspace's own token.

mod document_summary;
mod dropped;
mod log_entry;
mod queue;
mod sender;

use std::sync::Arc;
use std::time::Duration;

use usher_base::Clock;
use usher_base::id::LogEntryId;
use usher_rpc::Tasks;

pub(crate) use log_entry::LogEntry;
pub(crate) use queue::QueuedEntry;

use crate::grpc::provisioning_log::LogClient;
use dropped::Dropped;
use queue::Queue;
use sender::{Pace, QueueSender};

/// The maximum number of waiting entries with a valid token: in total, and per workspace. Further ones are dropped.
const AUTHENTICATED: (usize, usize) = (10_000, 2_000);
const AUTHENTICATED_PACE: Pace = Pace { collect: Duration::from_millis(100), batch: 500 };
/// The maximum number of waiting entries without a valid token: in total, and per name in the URL.
const UNAUTHENTICATED: (usize, usize) = (256, 8);
const UNAUTHENTICATED_PACE: Pace = Pace { collect: Duration::from_millis(500), batch: 100 };
/// Larger documents are logged without the names of their attributes.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 64 << 10;
/// Without a valid token, one refusal of a kind is logged per this time, so that noise does not fill the log. Tenant
/// does the same per workspace, whatever name the URL uses.
const NOISE: Duration = Duration::from_secs(5);

/// Receives entries. Clones are the same.
#[derive(Clone)]
pub(crate) struct ProvisioningLog {
    authenticated: Arc<Queue>,
    unauthenticated: Arc<Queue>,
    dropped: Dropped,
    clock: Clock,
    refused: moka::sync::Cache<(String, &'static str), ()>,
}

/// Sends entries.
pub(crate) struct Sender {
    authenticated: QueueSender,
    unauthenticated: QueueSender,
    dropped: Dropped,
}

impl ProvisioningLog {
    /// Creates both ends.
    pub(crate) fn new(client: &LogClient, clock: Clock) -> (Self, Sender) {
        let dropped = Dropped::default();
        let authenticated = Arc::new(Queue::new(AUTHENTICATED.0, AUTHENTICATED.1));
        let unauthenticated = Arc::new(Queue::new(UNAUTHENTICATED.0, UNAUTHENTICATED.1));
        let sender = |queue: &Arc<Queue>, pace| QueueSender {
            queue: Arc::clone(queue),
            pace,
            client: client.clone(),
            dropped: dropped.clone(),
        };
        let sender = Sender {
            authenticated: sender(&authenticated, AUTHENTICATED_PACE),
            unauthenticated: sender(&unauthenticated, UNAUTHENTICATED_PACE),
            dropped: dropped.clone(),
        };
        let refused = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(NOISE).build();
        (Self { authenticated, unauthenticated, dropped, clock, refused }, sender)
    }

    pub(crate) fn record(&self, log_entry: LogEntry) {
        let queue = if log_entry.caller.is_some() { &self.authenticated } else { &self.unauthenticated };
        if log_entry.caller.is_none() && self.is_noise(&log_entry) {
            return self.dropped.add(1, "noise");
        }
        let entry = QueuedEntry::new(LogEntryId::new(&self.clock), self.clock.now(), log_entry);
        if queue.push(entry).is_err() {
            self.dropped.add(1, "full");
        }
    }

    /// Whether the same refusal was logged just before.
    fn is_noise(&self, log_entry: &LogEntry) -> bool {
        let reason = log_entry.problem.as_ref().map_or("", |problem| problem.reason);
        let key = (log_entry.workspace.clone(), reason);
        let heard = self.refused.contains_key(&key);
        if !heard {
            self.refused.insert(key, ());
        }
        heard
    }
}

impl Sender {
    /// Sends entries until shutdown begins, then the remaining ones.
    pub(crate) async fn run(self, tasks: Tasks) {
        drop(tasks.spawn(self.dropped.report(tasks.clone())));
        drop(tasks.spawn(self.unauthenticated.run(tasks.clone())));
        self.authenticated.run(tasks).await;
    }
}

#[cfg(test)]
mod tests;
