//! Turns: how much of something scarce one party may have at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many turns each party has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Turns of one party at the same time.
    pub at_once: usize,
    /// How many more of the same party may wait; the next is refused at once.
    pub waiting: usize,
    /// How long each waits before it is refused.
    pub wait: Duration,
}

/// Gives turns by party, in the order of asking. A party that asks for more than its share waits and is refused
/// then, and no other party notices. Clones share the turns.
///
/// A party costs memory only while it has a turn or waits for one.
#[derive(Debug)]
pub struct Turns<K: Eq + Hash> {
    limits: Limits,
    queues: Arc<Mutex<HashMap<K, Queue>>>,
}

#[derive(Debug)]
struct Queue {
    turns: Arc<Semaphore>,
    /// Those who have a turn or wait for one.
    present: usize,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn<K: Clone + Eq + Hash> {
    // Given back before its holder leaves the queue, so that an empty queue has all its turns.
    _permit: OwnedSemaphorePermit,
    _presence: Presence<K>,
}

/// The party has all its turns, and as many as may wait do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all {0} turns are taken and no more may wait")]
pub struct Crowded(usize);

#[derive(Debug)]
struct Presence<K: Eq + Hash> {
    queues: Arc<Mutex<HashMap<K, Queue>>>,
    key: K,
}

impl<K: Eq + Hash> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self { limits: self.limits, queues: Arc::clone(&self.queues) }
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// Nobody has a turn yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, queues: Arc::default() }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Crowded`] at once where too many of the party wait already, and after [`Limits::wait`] otherwise.
    pub async fn take(&self, key: K) -> Result<Turn<K>, Crowded> {
        let crowded = Crowded(self.limits.at_once);
        let (turns, presence) = self.join(key).ok_or(crowded)?;
        if let Ok(permit) = Arc::clone(&turns).try_acquire_owned() {
            return Ok(Turn { _permit: permit, _presence: presence });
        }
        match tokio::time::timeout(self.limits.wait, turns.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit, _presence: presence }),
            _ => Err(crowded),
        }
    }

    fn join(&self, key: K) -> Option<(Arc<Semaphore>, Presence<K>)> {
        let Limits { at_once, waiting, .. } = self.limits;
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues
            .entry(key.clone())
            .or_insert_with(|| Queue { turns: Arc::new(Semaphore::new(at_once)), present: 0 });
        if queue.present >= at_once.saturating_add(waiting) {
            return None;
        }
        queue.present += 1;
        Some((Arc::clone(&queue.turns), Presence { queues: Arc::clone(&self.queues), key }))
    }
}

impl<K: Eq + Hash> Drop for Presence<K> {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get_mut(&self.key) {
            queue.present -= 1;
            if queue.present == 0 {
                queues.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { at_once: 2, waiting: 1, wait: Duration::from_millis(20) };

    #[tokio::test]
    async fn a_party_has_its_turns_at_once_and_another_does_not_wait_for_them() {
        let turns = Turns::new(LIMITS);
        let (first, _second) = (turns.take("busy").await.unwrap(), turns.take("busy").await.unwrap());

        assert!(turns.take("busy").await.is_err());
        assert!(turns.take("other").await.is_ok());

        drop(first);
        assert!(turns.take("busy").await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_turn_and_more_than_may_wait_are_refused_at_once() {
        let turns = Turns::new(Limits { wait: Duration::from_mins(1), ..LIMITS });
        let held = (turns.take(1).await.unwrap(), turns.take(1).await.unwrap());
        let waiting = turns.take(1);
        tokio::pin!(waiting);
        assert!(is_pending(waiting.as_mut()).await, "there was a third turn");

        assert_eq!(turns.take(1).await.unwrap_err(), Crowded(2));

        drop(held);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn a_party_that_wants_nothing_any_more_costs_no_memory() {
        let turns = Turns::new(LIMITS);
        let held = (turns.take(1).await.unwrap(), turns.take(1).await.unwrap());
        assert!(turns.take(1).await.is_err());
        {
            let given_up = turns.take(1);
            tokio::pin!(given_up);
            assert!(is_pending(given_up.as_mut()).await);
        }
        assert_eq!(turns.queues.lock().unwrap()[&1].present, 2);

        drop(held);

        assert!(turns.queues.lock().unwrap().is_empty());
    }

    /// Polls once; whether it is not ready.
    async fn is_pending<F: Future + Unpin>(future: F) -> bool {
        tokio::select! {
            biased;
            _ = future => false,
            () = std::future::ready(()) => true,
        }
    }
}
