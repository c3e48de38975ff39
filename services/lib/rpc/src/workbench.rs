//! Work that keeps a processor busy for longer than a call may hold up others.

use std::sync::Arc;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

/// Documents of fewer bytes are worked on right away: that takes less than a millisecond.
const LARGE: usize = 32 << 10;

/// Places for large documents: as many as there are processors, so that they never take all of the threads
/// that answer calls. Clones share the places.
#[derive(Clone, Debug)]
pub struct Workbench(Arc<Semaphore>);

impl Default for Workbench {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Semaphore::new(processors)))
    }
}

impl Workbench {
    /// Works on a document of so many bytes: a large one in a place of its own, while this thread's other
    /// calls go on elsewhere. Who waits for a place and goes away takes none.
    pub async fn run<T>(&self, bytes: usize, work: impl FnOnce() -> T) -> T {
        if bytes < LARGE {
            return work();
        }
        // The semaphore is never closed; without a place the work is done all the same.
        let _place = self.0.acquire().await.ok();
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
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn large_documents_hold_nobody_up_and_are_worked_on_a_few_at_once() {
        let bench = Workbench(Arc::new(Semaphore::new(2)));
        let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let tasks = crate::Tasks::new();
        let shared = Arc::new((under_way, most));
        let heavy: Vec<_> = (0..6)
            .map(|_| {
                let (bench, shared) = (bench.clone(), Arc::clone(&shared));
                tasks.spawn(async move {
                    let work = || {
                        let now = shared.0.fetch_add(1, Ordering::SeqCst) + 1;
                        shared.1.fetch_max(now, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(50));
                        shared.0.fetch_sub(1, Ordering::SeqCst);
                    };
                    bench.run(LARGE, work).await;
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
}
