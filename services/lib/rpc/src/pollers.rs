//! One poller for all streams that watch the same workspace.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use usher_base::id::WorkspaceId;

use crate::Tasks;

/// The query that a poller repeats.
pub trait Poll: Send + 'static {
    /// The result of a poll.
    type News: Send + Sync + 'static;
    /// The error of a poll.
    type Error: Send;

    /// Returns what is new since the last poll, or `None`. An error ends the poller; its watchers must find out the
    /// cause themselves.
    fn poll(&mut self) -> impl Future<Output = Result<Option<Self::News>, Self::Error>> + Send;
}

/// The latest result per workspace; `None` before the first one.
type Watched<N> = HashMap<WorkspaceId, watch::Sender<Option<N>>>;

/// The pollers of the workspaces that are watched in this process. Clones share them.
#[derive(Debug)]
pub struct Pollers<N> {
    watched: Arc<Mutex<Watched<N>>>,
    every: Duration,
    tasks: Tasks,
}

impl<N> Clone for Pollers<N> {
    fn clone(&self) -> Self {
        Self { watched: Arc::clone(&self.watched), every: self.every, tasks: self.tasks.clone() }
    }
}

impl<N: Send + Sync + 'static> Pollers<N> {
    /// Creates pollers with an interval of `every`.
    pub fn new(every: Duration, tasks: Tasks) -> Self {
        Self { watched: Arc::default(), every, tasks }
    }

    /// Watches a workspace, with its existing poller or a new one. The receiver keeps only the latest result. It is
    /// closed if the poller fails.
    pub fn watch<P>(&self, workspace: WorkspaceId, poll: P) -> watch::Receiver<Option<N>>
    where
        P: Poll<News = N>,
    {
        let mut watched = self.watched();
        if let Some(news) = watched.get(&workspace) {
            return news.subscribe();
        }
        let (news, receiver) = watch::channel(None);
        watched.insert(workspace, news);
        let this = self.clone();
        drop(self.tasks.spawn(async move {
            tokio::select! {
                () = this.tasks.stopping() => {}
                () = this.run(workspace, poll) => {}
            }
        }));
        receiver
    }

    /// Polls until nobody watches any more, or the poll fails.
    async fn run(&self, workspace: WorkspaceId, mut poll: impl Poll<News = N>) {
        loop {
            let outcome = poll.poll().await;
            {
                let mut watched = self.watched();
                let Some(news) = watched.get(&workspace) else { return };
                let Ok(found) = outcome else {
                    watched.remove(&workspace);
                    return;
                };
                if news.receiver_count() == 0 {
                    watched.remove(&workspace);
                    return;
                }
                if found.is_some() {
                    news.send_replace(found);
                }
            }
            tokio::time::sleep(self.every).await;
        }
    }

    fn watched(&self) -> MutexGuard<'_, Watched<N>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use usher_base::Clock;

    use super::*;

    const EVERY: Duration = Duration::from_millis(20);

    /// Counts its polls; finds something at the third and fails at the twentieth.
    #[derive(Clone, Default)]
    struct Counted(Arc<AtomicUsize>);

    impl Poll for Counted {
        type News = usize;
        type Error = ();

        async fn poll(&mut self) -> Result<Option<usize>, ()> {
            match self.0.fetch_add(1, Ordering::SeqCst) + 1 {
                20 => Err(()),
                asked => Ok((asked == 3).then_some(asked)),
            }
        }
    }

    #[tokio::test]
    async fn sixteen_watchers_of_a_workspace_cost_as_many_polls_as_one_and_all_hear_what_is_found() {
        let polls = async |watchers: usize| {
            let (pollers, counted) = (Pollers::new(EVERY, Tasks::new()), Counted::default());
            let workspace = WorkspaceId::new(&Clock::system());
            let watch = |_| pollers.watch(workspace, counted.clone());
            let mut receivers: Vec<_> = (0..watchers).map(watch).collect();
            for receiver in &mut receivers {
                receiver.changed().await.unwrap();
                assert_eq!(*receiver.borrow(), Some(3));
            }
            tokio::time::sleep(EVERY * 10).await;
            let polls = counted.0.load(Ordering::SeqCst);
            drop(receivers);
            tokio::time::sleep(EVERY * 10).await;
            assert!(counted.0.load(Ordering::SeqCst) <= polls + 1, "no poller runs without a watcher");
            assert!(pollers.watched().is_empty());
            polls
        };

        let (many, one) = (polls(16).await, polls(1).await);
        assert!(one >= 5 && many.abs_diff(one) <= 5, "{many} polls for sixteen, {one} for one");
    }

    #[tokio::test]
    async fn a_failed_poller_notifies_all_watchers_and_the_next_one_is_new() {
        let (pollers, counted) = (Pollers::new(EVERY, Tasks::new()), Counted::default());
        let workspace = WorkspaceId::new(&Clock::system());
        let mut receivers = [0; 3].map(|_| pollers.watch(workspace, counted.clone()));

        for receiver in &mut receivers {
            while receiver.changed().await.is_ok() {}
        }

        assert_eq!(counted.0.load(Ordering::SeqCst), 20);
        let mut again = pollers.watch(workspace, Counted::default());
        again.changed().await.unwrap();
    }
}
