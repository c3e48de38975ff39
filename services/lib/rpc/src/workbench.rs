//! Work that keeps a processor busy for longer than a call may hold up others.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use usher_base::CallContext;
use usher_base::id::WorkspaceId;
use usher_base::turns::{Limits, Turns};

/// Documents of fewer bytes are worked on right away: that takes less than a millisecond.
const LARGE: usize = 32 << 10;

/// Who waits goes away when the call has ended, which is sooner than this.
const WAIT: Duration = Duration::from_mins(10);

/// Places for large documents: as many as there are processors, so that they never take all of the threads
/// that answer calls. A workspace has half of them, and its documents wait for each other before they wait for those
/// of others. Clones share the places.
#[derive(Clone, Debug)]
pub struct Workbench {
    places: Arc<Semaphore>,
    shares: Turns<Option<WorkspaceId>>,
}

impl Default for Workbench {
    fn default() -> Self {
        Self::of(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

impl Workbench {
    fn of(places: usize) -> Self {
        let share = Limits { at_once: (places / 2).max(1), waiting: usize::MAX, wait: WAIT };
        Self { places: Arc::new(Semaphore::new(places)), shares: Turns::new(share) }
    }

    /// Works on a document of so many bytes: a large one in a place of its own, while this thread's other
    /// calls go on elsewhere. Who waits for a place and goes away takes none.
    pub async fn run<T>(&self, ctx: &CallContext, bytes: usize, work: impl FnOnce() -> T) -> T {
        let workspace = ctx.scope().ok().map(|scope| scope.workspace_id());
        self.run_for(workspace, bytes, work).await
    }

    /// The same for a workspace that is known without a call's context.
    pub async fn run_for<T>(
        &self,
        workspace: Option<WorkspaceId>,
        bytes: usize,
        work: impl FnOnce() -> T,
    ) -> T {
        if bytes < LARGE {
            return work();
        }
        // Nobody is refused here, and the semaphore is never closed; without a place the work is done all the same.
        let _turn = self.shares.take(workspace).await.ok();
        let _place = self.places.acquire().await.ok();
        match Handle::current().runtime_flavor() {
            // There are no other threads to which calls could go.
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
    async fn large_documents_hold_nobody_up_and_are_worked_on_a_few_at_once() {
        let bench = Workbench::of(2);
        let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let tasks = crate::Tasks::new();
        let shared = Arc::new((under_way, most));
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
                    bench.run_for(Some(workspace), LARGE, work).await;
                })
            })
            .collect();

        // The only worker is free all the while.
        while heavy.iter().any(|work| !work.is_finished()) {
            let light = tasks.spawn(async {});
            tokio::time::timeout(Duration::from_secs(1), light).await.unwrap().unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }

        assert_eq!(shared.1.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_documents_of_one_workspace_leave_a_place_to_the_next_workspace() {
        let bench = Workbench::of(2);
        let tasks = crate::Tasks::new();
        let busy = WorkspaceId::from_uuid(uuid::Uuid::from_u128(1));
        let heavy: Vec<_> = (0..10)
            .map(|_| {
                let bench = bench.clone();
                let work = || std::thread::sleep(Duration::from_millis(100));
                tasks.spawn(async move { bench.run_for(Some(busy), LARGE, work).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20)).await;

        let quiet = WorkspaceId::from_uuid(uuid::Uuid::from_u128(2));
        bench.run_for(Some(quiet), LARGE, || {}).await;

        assert!(
            heavy.iter().filter(|work| work.is_finished()).count() < 5,
            "the quiet one waited for the busy one's"
        );
    }
}
