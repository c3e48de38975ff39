//! Announces revocations and policy changes to gateways when they commit, so that they invalidate their caches.

use std::time::Duration;

use tokio::sync::broadcast;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Denied, Permission};
use usher_rpc::Tasks;
use usher_store::Database;

/// The notification channel in the database.
pub(crate) const CHANNEL: &str = "usher_access";
/// How often to check that notifications still arrive.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(250);
/// The maximum time without an answer from the database before watchers get no more heartbeats.
const MAX_SILENCE: Duration = Duration::from_millis(600);
const RETRY: Duration = Duration::from_millis(200);

/// A message to the watchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Announcement {
    /// Everything that was committed so far has been announced.
    Beat,
    /// Invalidate the cache of this workspace.
    Workspace(WorkspaceId),
    /// Announcements may have been missed: invalidate the whole cache.
    Everything,
}

/// One listener per process, with any number of watchers.
#[derive(Clone, Debug)]
pub(crate) struct Announcements(broadcast::Sender<Announcement>);

impl Announcements {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(1_024))
    }

    pub(crate) fn watch(&self, ctx: &CallContext) -> Result<broadcast::Receiver<Announcement>, Denied> {
        ctx.require(Permission::AccessCheck)?;
        Ok(self.0.subscribe())
    }

    /// Listens until shutdown begins. A heartbeat is sent only after the database has answered on the connection that
    /// receives the notifications. Otherwise watchers hear nothing and stop trusting their caches, as is right when a
    /// revocation may have been missed.
    pub(crate) async fn run(self, database: Database, tasks: Tasks) {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                outcome = self.listen(&database) => {
                    if let Err(error) = outcome {
                        tracing::warn!(error = &error as &dyn std::error::Error, "can't receive \
                             announcements");
                    }
                }
            }
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    async fn listen(&self, database: &Database) -> Result<(), usher_store::Error> {
        let mut listener = database.listen(CHANNEL).await?;
        self.send(Announcement::Everything);
        loop {
            let beat = tokio::time::Instant::now() + HEARTBEAT_INTERVAL;
            while let Ok(heard) = tokio::time::timeout_at(beat, listener.hear()).await {
                self.announce(&heard?);
            }
            match tokio::time::timeout(MAX_SILENCE, listener.ping()).await {
                Ok(answered) => answered?,
                Err(_) => return Ok(()),
            }
            // What arrived before the answer is announced before the heartbeat.
            while let Some(heard) = listener.heard() {
                self.announce(&heard);
            }
            self.send(Announcement::Beat);
        }
    }

    fn announce(&self, payload: &str) {
        self.send(payload.parse().map_or(Announcement::Everything, Announcement::Workspace));
    }

    fn send(&self, announcement: Announcement) {
        // An error means that there are no watchers.
        let _ = self.0.send(announcement);
    }
}
