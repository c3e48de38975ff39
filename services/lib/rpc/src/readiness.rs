//! Whether this process is ready to serve. Every port gives the same answer.

use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::Tasks;

/// The maximum time that a check may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a result is reused, because ports that anybody can reach ask for it too.
const FRESH: Duration = Duration::from_millis(500);

/// The result of a check: ready, or what prevents it.
pub type Ready = Result<(), String>;
type ReadyFuture = Pin<Box<dyn Future<Output = Ready> + Send>>;

/// A check of what one role needs in order to serve. Clones share the last result.
#[derive(Clone)]
pub struct Check(Arc<Inner>);

struct Inner {
    ask: Box<dyn Fn() -> ReadyFuture + Send + Sync>,
    last: Mutex<Option<(Instant, Ready)>>,
}

impl Check {
    /// Creates a check that runs at most twice per second and for at most a second.
    pub fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Ready> + Send + 'static,
    {
        Self(Arc::new(Inner { ask: Box::new(move || Box::pin(ask())), last: Mutex::default() }))
    }

    /// Creates a check that `what` responds. The cause of a failure is not revealed to those who ask.
    pub fn answering<F, E>(what: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        Self::new(move || {
            let asked = ask();
            async move { asked.await.map_err(|_| format!("{what} does not answer")) }
        })
    }

    /// Runs the check. Concurrent callers share the result.
    ///
    /// # Errors
    /// What is not ready, for the operator.
    pub async fn ask(&self) -> Ready {
        let mut last = self.0.last.lock().await;
        if let Some((_, ready)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return ready.clone();
        }
        let asked = timeout(PATIENCE, (self.0.ask)()).await;
        let ready = asked
            .unwrap_or_else(|_| Err("something that this role needs does not respond in time".to_owned()));
        *last = Some((Instant::now(), ready.clone()));
        ready
    }
}

/// The checks of all roles of the process. Clones are the same.
#[derive(Clone)]
pub struct Readiness {
    checks: Arc<RwLock<Vec<Check>>>,
    tasks: Tasks,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readiness").finish_non_exhaustive()
    }
}

impl Readiness {
    /// Creates an empty list of checks. The process stops being ready when its shutdown begins.
    pub fn new(tasks: &Tasks) -> Self {
        Self { checks: Arc::default(), tasks: tasks.clone() }
    }

    /// Adds a check.
    pub fn add(&self, check: Check) {
        self.checks.write().unwrap_or_else(PoisonError::into_inner).push(check);
    }

    /// Runs all checks.
    ///
    /// # Errors
    /// What is not ready, for the operator.
    pub async fn check(&self) -> Ready {
        if self.tasks.is_stopping() {
            return Err("draining".to_owned());
        }
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner).clone();
        let asked = join_all(checks.iter().map(Check::ask)).await;
        let faults: Vec<String> = asked.into_iter().filter_map(Result::err).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn concurrent_readiness_checks_are_one_check() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let check = Check::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Err("away".to_owned()))
        });
        let readiness = Readiness::new(&Tasks::new());
        readiness.add(check);

        let answers = join_all((0..100).map(|_| readiness.check())).await;

        assert!(answers.iter().all(|answer| answer == &Err("away".to_owned())));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_draining_process_is_not_ready() {
        let tasks = Tasks::new();
        let readiness = Readiness::new(&tasks);
        assert_eq!(readiness.check().await, Ok(()));

        tasks.soft_stop();

        assert_eq!(readiness.check().await, Err("draining".to_owned()));
    }
}
