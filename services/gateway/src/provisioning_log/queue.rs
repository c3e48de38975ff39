//! A queue of entries, with limits in total and per workspace.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;
use usher_base::id::LogEntryId;

use super::LogEntry;
use super::document_summary::DocumentSummary;

/// When this many entries wait, their documents are summarised at once and not kept, because each may be large.
const MAX_DOCUMENTS: usize = 1_000;
/// How often to check whether a workspace's pause has ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// An entry with its id and time.
#[derive(Debug)]
pub(crate) struct QueuedEntry {
    pub(crate) id: LogEntryId,
    pub(crate) at: Timestamp,
    pub(crate) log_entry: LogEntry,
    pub(crate) summary: DocumentSummary,
}

impl QueuedEntry {
    pub(super) fn new(id: LogEntryId, at: Timestamp, log_entry: LogEntry) -> Self {
        Self { id, at, log_entry, summary: DocumentSummary::default() }
    }

    /// Replaces the document by its summary.
    pub(super) fn read_document(&mut self) {
        if let Some(document) = self.log_entry.document.take() {
            let taken = self.log_entry.status.is_success();
            self.summary = DocumentSummary::read(&document, self.log_entry.kind, taken);
        }
        if self.log_entry.degraded {
            self.summary.note_degraded();
        }
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    max: usize,
    max_per_workspace: usize,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<QueuedEntry>,
    by_workspace: HashMap<String, usize>,
    /// Workspaces whose entries are not sent before a time.
    resting: HashMap<String, Instant>,
}

impl Waiting {
    /// The number of entries that may be sent.
    fn ready(&mut self) -> usize {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let rest = self.resting.keys().filter_map(|name| self.by_workspace.get(name)).sum::<usize>();
        self.entries.len() - rest
    }
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueFull;

impl Queue {
    pub(super) fn new(max: usize, max_per_workspace: usize) -> Self {
        Self { max, max_per_workspace, waiting: Mutex::default(), arrived: Notify::new() }
    }

    /// Appends an entry.
    pub(super) fn push(&self, mut entry: QueuedEntry) -> Result<(), QueueFull> {
        if self.len() >= MAX_DOCUMENTS {
            entry.read_document();
        }
        let mut waiting = self.waiting();
        let of_workspace = waiting.by_workspace.get(&entry.log_entry.workspace).copied().unwrap_or_default();
        if waiting.entries.len() >= self.max || of_workspace >= self.max_per_workspace {
            return Err(QueueFull);
        }
        waiting.by_workspace.insert(entry.log_entry.workspace.clone(), of_workspace + 1);
        waiting.entries.push_back(entry);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes the first entries that may be sent, at most `max`.
    pub(super) fn take(&self, max: usize) -> Vec<QueuedEntry> {
        let waiting = &mut *self.waiting();
        let count = waiting.ready().min(max);
        let taken: Vec<QueuedEntry> = if waiting.resting.is_empty() {
            waiting.entries.drain(..count).collect()
        } else {
            let mut taken = Vec::with_capacity(count);
            for entry in std::mem::take(&mut waiting.entries) {
                if taken.len() < count && !waiting.resting.contains_key(&entry.log_entry.workspace) {
                    taken.push(entry);
                } else {
                    waiting.entries.push_back(entry);
                }
            }
            taken
        };
        for entry in &taken {
            if let Some(left) = waiting.by_workspace.get_mut(&entry.log_entry.workspace) {
                *left -= 1;
                if *left == 0 {
                    waiting.by_workspace.remove(&entry.log_entry.workspace);
                }
            }
        }
        taken
    }

    /// Puts entries back to where they were. No entries of their workspaces are sent for the time `rest`. The queue
    /// may then exceed its limit by one batch.
    pub(super) fn put_back(&self, entries: Vec<QueuedEntry>, rest: Duration) {
        let mut waiting = self.waiting();
        for entry in entries.into_iter().rev() {
            let workspace = entry.log_entry.workspace.clone();
            waiting.resting.insert(workspace.clone(), Instant::now() + rest);
            *waiting.by_workspace.entry(workspace).or_default() += 1;
            waiting.entries.push_front(entry);
        }
    }

    /// Ends the pauses of all workspaces.
    pub(super) fn wake(&self) {
        self.waiting().resting.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().entries.len()
    }

    /// The number of entries that may be sent.
    pub(super) fn ready(&self) -> usize {
        self.waiting().ready()
    }

    /// Waits until an entry may be sent.
    pub(super) async fn arrival(&self) {
        while self.ready() == 0 {
            let arrived = self.arrived.notified();
            if self.waiting().resting.is_empty() {
                arrived.await;
            } else {
                // Nothing signals the end of a pause.
                let _ = tokio::time::timeout(CHECK_INTERVAL, arrived).await;
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

    fn entry(workspace: &str) -> QueuedEntry {
        let clock = Clock::system();
        QueuedEntry::new(LogEntryId::new(&clock), clock.now(), LogEntry::empty(workspace.to_owned()))
    }

    #[tokio::test]
    async fn a_workspace_that_fills_its_slots_leaves_the_others_theirs() {
        let queue = Queue::new(5, 3);

        let kept = (0..10).filter(|_| queue.push(entry("busy")).is_ok()).count();

        assert_eq!(kept, 3);
        assert!(queue.push(entry("quiet")).is_ok() && queue.push(entry("quiet")).is_ok());
        assert_eq!(queue.push(entry("quiet")), Err(QueueFull), "five in total");
        queue.arrival().await;
        assert_eq!(queue.take(3).len(), 3);
        assert!(queue.push(entry("busy")).is_ok(), "its slots are free again");
        assert_eq!(queue.take(100).len(), 3);
        assert!(queue.waiting.lock().unwrap().by_workspace.is_empty());
    }

    #[tokio::test]
    async fn entries_that_are_put_back_pause_and_delay_no_others() {
        let queue = Queue::new(10, 5);
        for workspace in ["slow", "quiet", "slow", "quiet"] {
            queue.push(entry(workspace)).unwrap();
        }
        let of = |entries: Vec<QueuedEntry>| -> Vec<_> {
            entries.into_iter().map(|entry| entry.log_entry.workspace).collect()
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
