//! A limited number of slots per party.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the slots that each party uses. Clones are the same.
#[derive(Debug)]
pub(crate) struct Slots<K> {
    max: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// A slot, which is released when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot<K: Eq + Hash> {
    party: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Clone + Eq + Hash> Slots<K> {
    /// Gives each party at most `max` slots.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, taken: Arc::default() }
    }

    /// The maximum number of slots per party.
    pub(crate) const fn max(&self) -> usize {
        self.max
    }

    /// Takes a slot. Returns `None` if the party uses all its slots.
    pub(crate) fn take(&self, party: K) -> Option<Slot<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(party.clone()).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Slot { party, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.party) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_party_has_its_slots_and_releases_them() {
        let slots = Slots::new(2);
        let mut held: Vec<_> = (0..3).filter_map(|_| slots.take("busy")).collect();

        assert_eq!(held.len(), 2);
        assert!(slots.take("other").is_some());

        held.pop();
        assert!(slots.take("busy").is_some());
        drop(held);
        assert!(slots.taken.lock().unwrap().is_empty(), "a party without slots is forgotten");
    }
}
