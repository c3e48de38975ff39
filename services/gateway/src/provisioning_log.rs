//! What identity providers try and what comes of it, on its way to the workspace's provisioning log.
//!
//! No request waits for it: entries are collected and sent in the background. While tenant is away they
//! wait in a bounded queue; what does not fit any more is counted and told. Entries without a valid token
//! have a small queue and a sender of their own: strangers can fill that one, and delay or displace no
//! entry of a workspace's own token.

mod attempt;
mod dropped;
mod queue;
mod sender;
mod sent;

use std::sync::Arc;
use std::time::Duration;

use usher_base::Clock;
use usher_base::id::LogEntryId;
use usher_rpc::Tasks;

pub(crate) use attempt::Attempt;
pub(crate) use queue::Entry;

use crate::grpc::provisioning_log::LogClient;
use dropped::Dropped;
use queue::Queue;
use sender::{Pace, QueueSender};

/// Entries with a caller that wait, in all and of one workspace; more are dropped.
const CALLERS: (usize, usize) = (10_000, 2_000);
const CALLERS_PACE: Pace = Pace { collect: Duration::from_millis(100), batch: 500 };
/// Entries without a caller that wait, in all and of one name in the URL.
const STRANGERS: (usize, usize) = (256, 8);
const STRANGERS_PACE: Pace = Pace { collect: Duration::from_millis(500), batch: 100 };
/// Documents larger than this are logged without the names of their attributes.
pub(crate) const LONGEST_DOCUMENT: usize = 64 << 10;
/// Without a valid token one refusal of a kind is logged in so long, so that noise fills no log. Tenant does
/// the same by workspace, whatever its name in the URL.
const NOISE: Duration = Duration::from_secs(5);

/// Takes entries. Clones are the same.
#[derive(Clone)]
pub(crate) struct ProvisioningLog {
    callers: Arc<Queue>,
    strangers: Arc<Queue>,
    dropped: Dropped,
    clock: Clock,
    refused: moka::sync::Cache<(String, &'static str), ()>,
}

/// Sends entries.
pub(crate) struct Sender {
    callers: QueueSender,
    strangers: QueueSender,
    dropped: Dropped,
}

impl ProvisioningLog {
    /// Both ends.
    pub(crate) fn new(client: &LogClient, clock: Clock) -> (Self, Sender) {
        let dropped = Dropped::default();
        let callers = Arc::new(Queue::new(CALLERS.0, CALLERS.1));
        let strangers = Arc::new(Queue::new(STRANGERS.0, STRANGERS.1));
        let sender = |queue: &Arc<Queue>, pace| QueueSender {
            queue: Arc::clone(queue),
            pace,
            client: client.clone(),
            dropped: dropped.clone(),
        };
        let sender = Sender {
            callers: sender(&callers, CALLERS_PACE),
            strangers: sender(&strangers, STRANGERS_PACE),
            dropped: dropped.clone(),
        };
        let refused = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(NOISE).build();
        (Self { callers, strangers, dropped, clock, refused }, sender)
    }

    /// Takes an attempt.
    pub(crate) fn record(&self, attempt: Attempt) {
        let queue = if attempt.caller.is_some() { &self.callers } else { &self.strangers };
        if attempt.caller.is_none() && self.is_noise(&attempt) {
            return self.dropped.add(1, "noise");
        }
        let entry = Entry::new(LogEntryId::new(&self.clock), self.clock.now(), attempt);
        if queue.push(entry).is_err() {
            self.dropped.add(1, "full");
        }
    }

    /// Whether the same was refused a moment ago.
    fn is_noise(&self, attempt: &Attempt) -> bool {
        let reason = attempt.problem.as_ref().map_or("", |problem| problem.reason);
        let key = (attempt.workspace.clone(), reason);
        let heard = self.refused.contains_key(&key);
        if !heard {
            self.refused.insert(key, ());
        }
        heard
    }
}

impl Sender {
    /// Sends what comes, until the stop is asked for; then what is left.
    pub(crate) async fn run(self, tasks: Tasks) {
        drop(tasks.spawn(self.dropped.tell(tasks.clone())));
        drop(tasks.spawn(self.strangers.run(tasks.clone())));
        self.callers.run(tasks).await;
    }
}

#[cfg(test)]
mod tests;
