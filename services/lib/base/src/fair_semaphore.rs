//! A semaphore per party: it limits how much of something scarce one party has at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limits of each party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of permits per party.
    pub at_once: usize,
    /// The maximum number of waiters per party. The next one is refused at once.
    pub waiting: usize,
    /// The maximum time that each waits before it is refused.
    pub wait: Duration,
}

/// Gives out permits per party, in the order of the requests. A party that exceeds its share waits, and is then
/// refused; other parties are not affected. Clones share the permits.
///
/// A party uses memory only while it holds a permit or waits for one.
#[derive(Debug)]
pub struct FairSemaphore<K: Eq + Hash> {
    limits: Limits,
    queues: Arc<Mutex<HashMap<K, Queue>>>,
}

#[derive(Debug)]
struct Queue {
    turns: Arc<Semaphore>,
    /// The number of those that hold a permit or wait for one.
    members: usize,
}

/// A permit, which is released when it is dropped.
#[derive(Debug)]
pub struct FairPermit<K: Clone + Eq + Hash> {
    // Released before its holder leaves the queue, so that an empty queue has all its permits.
    _permit: OwnedSemaphorePermit,
    _membership: Membership<K>,
}

/// The party holds all its permits, and the maximum number of its requests waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all {0} permits are in use and no more requests may wait")]
pub struct Crowded(usize);

#[derive(Debug)]
struct Membership<K: Eq + Hash> {
    queues: Arc<Mutex<HashMap<K, Queue>>>,
    key: K,
}

impl<K: Eq + Hash> Clone for FairSemaphore<K> {
    fn clone(&self) -> Self {
        Self { limits: self.limits, queues: Arc::clone(&self.queues) }
    }
}

impl<K: Clone + Eq + Hash> FairSemaphore<K> {
    /// Creates a semaphore with all permits free.
    pub fn new(limits: Limits) -> Self {
        Self { limits, queues: Arc::default() }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`Crowded`]: at once if too many requests of the party wait already, otherwise after [`Limits::wait`].
    pub async fn take(&self, key: K) -> Result<FairPermit<K>, Crowded> {
        let crowded = Crowded(self.limits.at_once);
        let (turns, membership) = self.join(key).ok_or(crowded)?;
        if let Ok(permit) = Arc::clone(&turns).try_acquire_owned() {
            return Ok(FairPermit { _permit: permit, _membership: membership });
        }
        match tokio::time::timeout(self.limits.wait, turns.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(FairPermit { _permit: permit, _membership: membership }),
            _ => Err(crowded),
        }
    }

    fn join(&self, key: K) -> Option<(Arc<Semaphore>, Membership<K>)> {
        let Limits { at_once, waiting, .. } = self.limits;
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues
            .entry(key.clone())
            .or_insert_with(|| Queue { turns: Arc::new(Semaphore::new(at_once)), members: 0 });
        if queue.members >= at_once.saturating_add(waiting) {
            return None;
        }
        queue.members += 1;
        Some((Arc::clone(&queue.turns), Membership { queues: Arc::clone(&self.queues), key }))
    }
}

impl<K: Eq + Hash> Drop for Membership<K> {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get_mut(&self.key) {
            queue.members -= 1;
            if queue.members == 0 {
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
    async fn a_party_uses_its_permits_at_once_and_another_does_not_wait_for_them() {
        let turns = FairSemaphore::new(LIMITS);
        let (first, _second) = (turns.take("busy").await.unwrap(), turns.take("busy").await.unwrap());

        assert!(turns.take("busy").await.is_err());
        assert!(turns.take("other").await.is_ok());

        drop(first);
        assert!(turns.take("busy").await.is_ok());
    }

    #[tokio::test]
    async fn a_waiter_gets_the_next_permit_and_too_many_waiters_are_refused_at_once() {
        let turns = FairSemaphore::new(Limits { wait: Duration::from_mins(1), ..LIMITS });
        let held = (turns.take(1).await.unwrap(), turns.take(1).await.unwrap());
        let waiting = turns.take(1);
        tokio::pin!(waiting);
        assert!(is_pending(waiting.as_mut()).await, "a third permit was given");

        assert_eq!(turns.take(1).await.unwrap_err(), Crowded(2));

        drop(held);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn a_party_without_requests_uses_no_memory() {
        let turns = FairSemaphore::new(LIMITS);
        let held = (turns.take(1).await.unwrap(), turns.take(1).await.unwrap());
        assert!(turns.take(1).await.is_err());
        {
            let given_up = turns.take(1);
            tokio::pin!(given_up);
            assert!(is_pending(given_up.as_mut()).await);
        }
        assert_eq!(turns.queues.lock().unwrap()[&1].members, 2);

        drop(held);

        assert!(turns.queues.lock().unwrap().is_empty());
    }

    /// Polls once; returns whether the future is pending.
    async fn is_pending<F: Future + Unpin>(future: F) -> bool {
        tokio::select! {
            biased;
            _ = future => false,
            () = std::future::ready(()) => true,
        }
    }
}
