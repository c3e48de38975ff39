//! Who watches a workspace.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use usher_base::id::WorkspaceId;

/// Most that watch a workspace at once: each costs a look a second, and its own admins may be as many as they
/// like.
const MOST: usize = 16;

/// Counts them. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watchers(Arc<Mutex<HashMap<WorkspaceId, usize>>>);

/// A place among the watchers of a workspace, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    watchers: Watchers,
    workspace: WorkspaceId,
}

impl Watchers {
    /// Takes a place; none where all are taken.
    pub(crate) fn place(&self, workspace: WorkspaceId) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(workspace).or_default();
        if *count >= MOST {
            return None;
        }
        *count += 1;
        Some(Place { watchers: self.clone(), workspace })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.watchers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(self.workspace) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_base::Clock;

    use super::*;

    #[test]
    fn so_many_watch_a_workspace_at_once_and_whoever_goes_leaves_a_place() {
        let watchers = Watchers::default();
        let (busy, other) = (WorkspaceId::new(&Clock::system()), WorkspaceId::new(&Clock::system()));
        let mut places: Vec<Place> = (0..MOST).filter_map(|_| watchers.place(busy)).collect();

        assert_eq!(places.len(), MOST);
        assert!(watchers.place(busy).is_none());
        assert!(watchers.place(other).is_some());

        places.pop();
        assert!(watchers.place(busy).is_some());
        drop(places);
        assert!(watchers.0.lock().unwrap().is_empty(), "nobody is remembered for ever");
    }
}
