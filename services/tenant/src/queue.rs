//! A bounded queue for expensive work. Whoever fills it is refused, and not those who come later.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The queue is full, in total or for one of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many of these requests at once; try again in a second")]
pub(crate) struct QueueFull;

/// The limits of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The maximum number that run at once.
    pub(crate) running: usize,
    /// The maximum number that run or wait.
    pub(crate) total: usize,
    /// The maximum number of one key that run or wait.
    pub(crate) each: usize,
}

/// The queue. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Queue<K> {
    limits: Limits,
    running: Arc<Semaphore>,
    slots: Arc<Mutex<Slots<K>>>,
}

#[derive(Debug)]
struct Slots<K> {
    taken: usize,
    by_key: HashMap<K, usize>,
}

/// A slot in the queue, which is released when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot<K: Hash + Eq> {
    queue: Queue<K>,
    keys: Vec<K>,
}

/// The permission to run. Dropping it releases its slot.
#[derive(Debug)]
pub(crate) struct RunPermit<K: Hash + Eq> {
    _running: Option<OwnedSemaphorePermit>,
    _slot: Slot<K>,
}

impl<K: Hash + Eq + Clone> Queue<K> {
    pub(crate) fn new(limits: Limits) -> Self {
        let slots = Slots { taken: 0, by_key: HashMap::new() };
        Self { limits, running: Arc::new(Semaphore::new(limits.running)), slots: Arc::new(Mutex::new(slots)) }
    }

    /// Takes a slot without waiting.
    pub(crate) fn enter(&self, keys: &[K]) -> Result<Slot<K>, QueueFull> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |key| slots.by_key.get(key).is_some_and(|taken| *taken >= self.limits.each);
        if slots.taken >= self.limits.total || keys.iter().any(full) {
            return Err(QueueFull);
        }
        slots.taken += 1;
        for key in keys {
            *slots.by_key.entry(key.clone()).or_default() += 1;
        }
        Ok(Slot { queue: self.clone(), keys: keys.to_vec() })
    }
}

impl<K: Hash + Eq> Slot<K> {
    /// Waits until this slot may run.
    pub(crate) async fn turn(self) -> RunPermit<K> {
        // The semaphore is never closed.
        let running = Arc::clone(&self.queue.running).acquire_owned().await.ok();
        RunPermit { _running: running, _slot: self }
    }
}

impl<K: Hash + Eq> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut slots = self.queue.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.taken -= 1;
        for key in &self.keys {
            if let Some(taken) = slots.by_key.get_mut(key) {
                *taken -= 1;
                if *taken == 0 {
                    slots.by_key.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_without_free_slots_is_refused_and_others_are_not() {
        let queue = Queue::new(Limits { running: 4, total: 3, each: 2 });
        let first = queue.enter(&["busy", "peer"]).unwrap().turn().await;
        let _second = queue.enter(&["busy"]).unwrap();

        assert_eq!(queue.enter(&["quiet", "busy"]).unwrap_err(), QueueFull);
        let third = queue.enter(&["quiet"]).unwrap();
        assert_eq!(queue.enter(&["another"]).unwrap_err(), QueueFull, "three slots in total");

        drop((first, third));
        assert!(queue.enter(&["busy"]).is_ok());
        assert_eq!(queue.slots.lock().unwrap().by_key.get("peer"), None, "keys without slots are forgotten");
    }
}
