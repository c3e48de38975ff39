//! A bounded queue for dear work: who makes it long is refused, not who comes after.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The queue has no place left, for all or for one of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is too much of this at once; try again in a second")]
pub(crate) struct Full;

/// How long a queue may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// At most so many run at once.
    pub(crate) running: usize,
    /// At most so many run or wait.
    pub(crate) total: usize,
    /// At most so many of one key run or wait.
    pub(crate) each: usize,
}

/// The queue. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Queue<K> {
    limits: Limits,
    running: Arc<Semaphore>,
    places: Arc<Mutex<Places<K>>>,
}

#[derive(Debug)]
struct Places<K> {
    taken: usize,
    by_key: HashMap<K, usize>,
}

/// A place in the queue; dropped, it is free.
#[derive(Debug)]
pub(crate) struct Place<K: Hash + Eq> {
    queue: Queue<K>,
    keys: Vec<K>,
}

/// A turn; dropped, its place is free.
#[derive(Debug)]
pub(crate) struct Turn<K: Hash + Eq> {
    _running: Option<OwnedSemaphorePermit>,
    _place: Place<K>,
}

impl<K: Hash + Eq + Clone> Queue<K> {
    pub(crate) fn new(limits: Limits) -> Self {
        let places = Places { taken: 0, by_key: HashMap::new() };
        Self {
            limits,
            running: Arc::new(Semaphore::new(limits.running)),
            places: Arc::new(Mutex::new(places)),
        }
    }

    /// Takes a place, at once and without waiting.
    pub(crate) fn enter(&self, keys: &[K]) -> Result<Place<K>, Full> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |key| places.by_key.get(key).is_some_and(|taken| *taken >= self.limits.each);
        if places.taken >= self.limits.total || keys.iter().any(full) {
            return Err(Full);
        }
        places.taken += 1;
        for key in keys {
            *places.by_key.entry(key.clone()).or_default() += 1;
        }
        Ok(Place { queue: self.clone(), keys: keys.to_vec() })
    }
}

impl<K: Hash + Eq> Place<K> {
    /// Waits until it is this place's turn.
    pub(crate) async fn turn(self) -> Turn<K> {
        // The semaphore is never closed.
        let running = Arc::clone(&self.queue.running).acquire_owned().await.ok();
        Turn { _running: running, _place: self }
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        let mut places = self.queue.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.taken -= 1;
        for key in &self.keys {
            if let Some(taken) = places.by_key.get_mut(key) {
                *taken -= 1;
                if *taken == 0 {
                    places.by_key.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_that_fills_its_places_is_refused_and_others_are_not() {
        let queue = Queue::new(Limits { running: 4, total: 3, each: 2 });
        let first = queue.enter(&["busy", "peer"]).unwrap().turn().await;
        let _second = queue.enter(&["busy"]).unwrap();

        assert_eq!(queue.enter(&["quiet", "busy"]).unwrap_err(), Full);
        let third = queue.enter(&["quiet"]).unwrap();
        assert_eq!(queue.enter(&["another"]).unwrap_err(), Full, "three places in all");

        drop((first, third));
        assert!(queue.enter(&["busy"]).is_ok());
        assert_eq!(queue.places.lock().unwrap().by_key.get("peer"), None, "what is free is forgotten");
    }
}
