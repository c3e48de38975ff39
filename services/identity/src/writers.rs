//! Turns of a workspace's writers.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use usher_base::id::WorkspaceId;

/// Statements that write in one workspace at once. They wait for each other at its head row anyway, and there
/// sixteen cost PostgreSQL twice what four do and get less done; here they hold no connection, which others'
/// workspaces have then.
const AT_ONCE: usize = 4;
/// A workspace in which nothing was written for so long is forgotten.
const IDLE: Duration = Duration::from_mins(5);
/// Most workspaces remembered.
const MOST: u64 = 100_000;

/// Gives turns, in order of asking. Only for speed: the database decides what is right, whoever writes.
#[derive(Clone)]
pub(crate) struct Writers(Cache<WorkspaceId, Arc<Semaphore>>);

impl Writers {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_idle(IDLE).build())
    }

    /// Waits for a turn, which is held until it is dropped.
    pub(crate) async fn turn(&self, workspace: WorkspaceId) -> Option<OwnedSemaphorePermit> {
        let turns = self.0.get_with(workspace, || Arc::new(Semaphore::new(AT_ONCE)));
        // Nobody closes it; without a turn the write would still be right.
        turns.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use usher_base::Clock;

    use super::*;

    #[tokio::test]
    async fn so_many_write_at_once_in_a_workspace_and_another_does_not_wait() {
        let writers = Writers::new();
        let (busy, other) = (WorkspaceId::new(&Clock::system()), WorkspaceId::new(&Clock::system()));
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(writers.turn(busy).await);
        }

        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, writers.turn(busy)).await.is_err());
        assert!(tokio::time::timeout(soon, writers.turn(other)).await.is_ok());

        turns.pop();
        assert!(tokio::time::timeout(soon, writers.turn(busy)).await.is_ok());
    }
}
