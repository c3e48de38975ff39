//! The announcements of tenant: which cached token checks are outdated, and whether announcements arrive at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use usher_base::id::WorkspaceId;
use usher_rpc::Tasks;

use crate::grpc::access::{AccessClient, Announcement};

/// A stream that is silent for longer may have lost an announcement.
const SILENCE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(200);
/// No check is cached for longer than this, so older announcements are irrelevant.
const MEMORY: Duration = Duration::from_mins(2);

/// The announcements that have been received, counted. An announcement outdates every check that began before it,
/// even if its answer arrived later.
#[derive(Clone, Debug)]
pub(crate) struct Announced(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    /// Milliseconds since `began`, plus one. Zero before the first announcement.
    heard: AtomicU64,
    count: AtomicU64,
    everything: AtomicU64,
    workspaces: Cache<WorkspaceId, u64>,
}

impl Announced {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            heard: AtomicU64::new(0),
            count: AtomicU64::new(0),
            everything: AtomicU64::new(0),
            workspaces: Cache::builder().time_to_live(MEMORY).build(),
        }))
    }

    /// The number of announcements.
    pub(crate) fn count(&self) -> u64 {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Whether a check of this workspace that began after `count` announcements must be repeated.
    pub(crate) fn outdates(&self, workspace: WorkspaceId, count: u64) -> bool {
        let of_workspace = self.0.workspaces.get(&workspace).unwrap_or_default();
        count < of_workspace.max(self.0.everything.load(Ordering::SeqCst))
    }

    /// Whether announcements arrive, so that a revocation would be noticed.
    pub(crate) fn is_live(&self) -> bool {
        let heard = self.0.heard.load(Ordering::SeqCst);
        heard > 0 && self.now().saturating_sub(heard) < millis(SILENCE)
    }

    pub(crate) fn hear(&self, announcement: Announcement) {
        match announcement {
            Announcement::Everything => {
                let count = self.next();
                self.0.everything.fetch_max(count, Ordering::SeqCst);
            }
            Announcement::Workspaces(workspaces) => {
                for workspace in workspaces {
                    self.0.workspaces.insert(workspace, self.next());
                }
            }
        }
        self.0.heard.store(self.now(), Ordering::SeqCst);
    }

    fn next(&self) -> u64 {
        self.0.count.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn now(&self) -> u64 {
        millis(self.0.began.elapsed()) + 1
    }

    /// Listens until shutdown begins. Reconnects whenever the stream breaks or is silent for too long.
    pub(crate) async fn follow(self, tenant: AccessClient, tasks: Tasks) {
        let mut told = false;
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                reason = self.listen(&tenant, &mut told) => {
                    // Logged once per interruption, because tenant may be unavailable for long.
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(%reason, "can't receive announcements of access changes; tokens are \
                             not cached until the stream is back");
                    }
                }
            }
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    async fn listen(&self, tenant: &AccessClient, told: &mut bool) -> String {
        let mut stream = match tenant.watch().await {
            Ok(stream) => stream,
            Err(failure) => return failure.message,
        };
        loop {
            match tokio::time::timeout(SILENCE, stream.next()).await {
                Ok(Ok(announcement)) => {
                    self.hear(announcement);
                    if std::mem::take(told) {
                        tracing::info!("announcements of access changes are received again");
                    }
                }
                Ok(Err(failure)) => return failure.message,
                Err(_) => return "the stream is silent".to_owned(),
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use usher_base::Clock;

    use super::*;

    #[test]
    fn an_announcement_outdates_only_checks_of_its_workspace_that_began_before() {
        let announced = Announced::new();
        let (mine, other) = (WorkspaceId::new(&Clock::system()), WorkspaceId::new(&Clock::system()));
        let before = announced.count();

        announced.hear(Announcement::Workspaces(vec![mine]));

        assert!(announced.outdates(mine, before));
        assert!(!announced.outdates(other, before));
        assert!(!announced.outdates(mine, announced.count()));

        announced.hear(Announcement::Everything);

        assert!(announced.outdates(other, before));
        assert!(!announced.outdates(other, announced.count()));
    }

    #[test]
    fn a_stream_is_live_only_after_its_first_message() {
        let announced = Announced::new();
        assert!(!announced.is_live());

        announced.hear(Announcement::Workspaces(Vec::new()));

        assert!(announced.is_live());
        assert_eq!(announced.count(), 0);
    }
}
