//! Entries that wait, at most so many, and at most so many of one workspace.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;
use usher_base::id::LogEntryId;

use super::Attempt;
use super::sent::Sent;

/// When this many wait, documents are read at once rather than kept: each may be large.
const CROWDED: usize = 1_000;
/// How often is looked whether a workspace's rest is over.
const LOOK: Duration = Duration::from_millis(100);

/// An attempt with its place in the log.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: LogEntryId,
    pub(crate) at: Timestamp,
    pub(crate) attempt: Attempt,
    pub(crate) sent: Sent,
}

impl Entry {
    pub(super) fn new(id: LogEntryId, at: Timestamp, attempt: Attempt) -> Self {
        Self { id, at, attempt, sent: Sent::default() }
    }

    /// Reads what the document says of itself, and drops the document.
    pub(super) fn read_document(&mut self) {
        if let Some(document) = self.attempt.document.take() {
            let taken = self.attempt.status.is_success();
            self.sent = Sent::read(&document, self.attempt.kind, taken);
        }
        if self.attempt.degraded {
            self.sent.note_degraded();
        }
    }
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    most: usize,
    most_each: usize,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    by_workspace: HashMap<String, usize>,
    /// Workspaces whose entries are not sent before a time.
    resting: HashMap<String, Instant>,
}

impl Waiting {
    /// How many entries may be sent.
    fn ready(&mut self) -> usize {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let rest = self.resting.keys().filter_map(|name| self.by_workspace.get(name)).sum::<usize>();
        self.entries.len() - rest
    }
}

/// There is no place for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    pub(super) fn new(most: usize, most_each: usize) -> Self {
        Self { most, most_each, waiting: Mutex::default(), arrived: Notify::new() }
    }

    /// Puts an entry last.
    pub(super) fn push(&self, mut entry: Entry) -> Result<(), Full> {
        if self.len() >= CROWDED {
            entry.read_document();
        }
        let mut waiting = self.waiting();
        let of_workspace = waiting.by_workspace.get(&entry.attempt.workspace).copied().unwrap_or_default();
        if waiting.entries.len() >= self.most || of_workspace >= self.most_each {
            return Err(Full);
        }
        waiting.by_workspace.insert(entry.attempt.workspace.clone(), of_workspace + 1);
        waiting.entries.push_back(entry);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes the first entries that may be sent, at most so many.
    pub(super) fn take(&self, most: usize) -> Vec<Entry> {
        let waiting = &mut *self.waiting();
        let count = waiting.ready().min(most);
        let taken: Vec<Entry> = if waiting.resting.is_empty() {
            waiting.entries.drain(..count).collect()
        } else {
            let mut taken = Vec::with_capacity(count);
            for entry in std::mem::take(&mut waiting.entries) {
                if taken.len() < count && !waiting.resting.contains_key(&entry.attempt.workspace) {
                    taken.push(entry);
                } else {
                    waiting.entries.push_back(entry);
                }
            }
            taken
        };
        for entry in &taken {
            if let Some(left) = waiting.by_workspace.get_mut(&entry.attempt.workspace) {
                *left -= 1;
                if *left == 0 {
                    waiting.by_workspace.remove(&entry.attempt.workspace);
                }
            }
        }
        taken
    }

    /// Puts entries that were taken back where they were. Their workspaces' entries are not sent again before some time
    /// has passed. One batch more than fits may wait then.
    pub(super) fn put_back(&self, entries: Vec<Entry>, rest: Duration) {
        let mut waiting = self.waiting();
        for entry in entries.into_iter().rev() {
            let workspace = entry.attempt.workspace.clone();
            waiting.resting.insert(workspace.clone(), Instant::now() + rest);
            *waiting.by_workspace.entry(workspace).or_default() += 1;
            waiting.entries.push_front(entry);
        }
    }

    /// Lets no workspace's entries wait any longer.
    pub(super) fn wake(&self) {
        self.waiting().resting.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().entries.len()
    }

    /// How many entries may be sent.
    pub(super) fn ready(&self) -> usize {
        self.waiting().ready()
    }

    /// Waits until there is an entry that may be sent.
    pub(super) async fn arrival(&self) {
        while self.ready() == 0 {
            let arrived = self.arrived.notified();
            if self.waiting().resting.is_empty() {
                arrived.await;
            } else {
                // Nobody tells when a rest is over.
                let _ = tokio::time::timeout(LOOK, arrived).await;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use usher_base::Clock;

    use super::*;

    fn entry(workspace: &str) -> Entry {
        let clock = Clock::system();
        Entry::new(LogEntryId::new(&clock), clock.now(), Attempt::of_nothing(workspace.to_owned()))
    }

    #[tokio::test]
    async fn a_workspace_that_fills_its_places_leaves_the_others_theirs() {
        let queue = Queue::new(5, 3);

        let kept = (0..10).filter(|_| queue.push(entry("busy")).is_ok()).count();

        assert_eq!(kept, 3);
        assert!(queue.push(entry("quiet")).is_ok() && queue.push(entry("quiet")).is_ok());
        assert_eq!(queue.push(entry("quiet")), Err(Full), "five in all");
        queue.arrival().await;
        assert_eq!(queue.take(3).len(), 3);
        assert!(queue.push(entry("busy")).is_ok(), "its places are free again");
        assert_eq!(queue.take(100).len(), 3);
        assert!(queue.waiting.lock().unwrap().by_workspace.is_empty());
    }

    #[tokio::test]
    async fn entries_that_are_put_back_rest_and_hold_up_nobody_elses() {
        let queue = Queue::new(10, 5);
        for workspace in ["slow", "quiet", "slow", "quiet"] {
            queue.push(entry(workspace)).unwrap();
        }
        let of = |entries: Vec<Entry>| -> Vec<_> {
            entries.into_iter().map(|entry| entry.attempt.workspace).collect()
        };

        queue.put_back(queue.take(1), Duration::from_mins(1));

        assert_eq!((queue.len(), queue.ready()), (4, 2));
        assert_eq!(of(queue.take(10)), ["quiet", "quiet"]);
        assert_eq!(queue.ready(), 0);
        queue.wake();
        queue.arrival().await;
        assert_eq!(of(queue.take(10)), ["slow", "slow"]);
    }
}
