//! Entries that wait, at most so many, and at most so many of one workspace.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;
use usher_base::id::LogEntryId;

use super::Attempt;
use super::sent::Sent;

/// When this many wait, documents are read at once rather than kept: each may be large.
const CROWDED: usize = 1_000;

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
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Takes the first entries, at most so many.
    pub(super) fn take(&self, most: usize) -> Vec<Entry> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entries.len().min(most);
        let taken: Vec<Entry> = waiting.entries.drain(..count).collect();
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

    pub(super) fn len(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).entries.len()
    }

    /// Waits until there is an entry.
    pub(super) async fn arrival(&self) {
        while self.len() == 0 {
            self.arrived.notified().await;
        }
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
}
