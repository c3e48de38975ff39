//! Runs work that keeps a processor busy for longer than other calls should wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use usher_base::CallContext;
use usher_base::fair_semaphore::{FairSemaphore, Limits};
use usher_base::id::WorkspaceId;

/// Smaller documents are processed directly, in less than a millisecond.
const LARGE_BYTES: usize = 32 << 10;

/// Longer than any call lasts. A waiter is dropped when its call ends.
const WAIT: Duration = Duration::from_mins(10);

/// Slots for large documents: as many as there are processors, so that these documents never block all threads that
/// answer calls. A workspace has half of the slots, and its documents wait for each other before they wait for those
/// of others. Clones share the slots.
#[derive(Clone, Debug)]
pub struct Workbench {
    slots: Arc<Semaphore>,
    shares: FairSemaphore<Option<WorkspaceId>>,
}

impl Default for Workbench {
    fn default() -> Self {
        Self::with_slots(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

impl Workbench {
    fn with_slots(slots: usize) -> Self {
        let share = Limits { at_once: (slots / 2).max(1), waiting: usize::MAX, wait: WAIT };
        Self { slots: Arc::new(Semaphore::new(slots)), shares: FairSemaphore::new(share) }
    }

    /// Processes a document of `bytes` bytes. A large one gets a slot, and the other calls of this thread move to
    /// another thread. A waiter that is dropped takes no slot.
    pub async fn run<T>(&self, ctx: &CallContext, bytes: usize, work: impl FnOnce() -> T) -> T {
        let workspace = ctx.workspace().ok();
        self.run_for(workspace, bytes, work).await
    }

    /// Like [`Workbench::run`], for a workspace that is known without a call context.
    pub async fn run_for<T>(
        &self,
        workspace: Option<WorkspaceId>,
        bytes: usize,
        work: impl FnOnce() -> T,
    ) -> T {
        if bytes < LARGE_BYTES {
            return work();
        }
        // Nothing is refused here, and the semaphore is never closed. Even without a permit the work would be done.
        let _turn = self.shares.take(workspace).await.ok();
        let _place = self.slots.acquire().await.ok();
        match Handle::current().runtime_flavor() {
            // There are no other threads that calls could move to.
            RuntimeFlavor::CurrentThread => work(),
            _ => tokio::task::block_in_place(work),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn large_documents_delay_nobody_and_are_processed_a_few_at_a_time() {
        let bench = Workbench::with_slots(2);
        let (under_way, max) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let tasks = crate::Tasks::new();
        let shared = Arc::new((under_way, max));
        let heavy: Vec<_> = (0..6_u128)
            .map(|number| {
                let (bench, shared) = (bench.clone(), Arc::clone(&shared));
                tasks.spawn(async move {
                    let work = || {
                        let now = shared.0.fetch_add(1, Ordering::SeqCst) + 1;
                        shared.1.fetch_max(now, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(50));
                        shared.0.fetch_sub(1, Ordering::SeqCst);
                    };
                    let workspace = WorkspaceId::from_uuid(uuid::Uuid::from_u128(number));
                    bench.run_for(Some(workspace), LARGE_BYTES, work).await;
                })
            })
            .collect();

        // The only worker thread must stay free all the time.
        while heavy.iter().any(|work| !work.is_finished()) {
            let light = tasks.spawn(async {});
            tokio::time::timeout(Duration::from_secs(1), light).await.unwrap().unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }

        assert_eq!(shared.1.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_documents_of_one_workspace_leave_a_slot_to_the_next_workspace() {
        let bench = Workbench::with_slots(2);
        let tasks = crate::Tasks::new();
        let busy = WorkspaceId::from_uuid(uuid::Uuid::from_u128(1));
        let heavy: Vec<_> = (0..10)
            .map(|_| {
                let bench = bench.clone();
                let work = || std::thread::sleep(Duration::from_millis(100));
                tasks.spawn(async move { bench.run_for(Some(busy), LARGE_BYTES, work).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20)).await;

        let quiet = WorkspaceId::from_uuid(uuid::Uuid::from_u128(2));
        bench.run_for(Some(quiet), LARGE_BYTES, || {}).await;

        assert!(
            heavy.iter().filter(|work| work.is_finished()).count() < 5,
            "the document of the quiet workspace waited for those of the busy one"
        );
    }
}
