//! Tells gateways what to forget: revocations and policy changes, as they commit.

use std::time::Duration;

use tokio::sync::broadcast;
use usher_base::id::WorkspaceId;
use usher_rpc::Tasks;
use usher_store::Database;

/// The database's channel.
pub(crate) const CHANNEL: &str = "usher_access";
/// How often the database is asked whether it still tells us everything.
const BEAT: Duration = Duration::from_millis(250);
/// The longest silence of the database before watchers are told nothing more.
const PATIENCE: Duration = Duration::from_millis(600);
const RETRY: Duration = Duration::from_millis(200);

/// What a watcher hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Announcement {
    /// Everything that was committed until now has been announced.
    Beat,
    /// Forget this workspace.
    Workspace(WorkspaceId),
    /// Announcements may have been missed: forget everything.
    Everything,
}

/// One listener for the process; any number of watchers.
#[derive(Clone, Debug)]
pub(crate) struct Announcements(broadcast::Sender<Announcement>);

impl Announcements {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(1_024))
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Announcement> {
        self.0.subscribe()
    }

    /// Listens until the stop is asked for. A beat is sent only after the database has answered on
    /// the very connection that it announces on: where it does not, watchers hear nothing and stop
    /// trusting their caches, which is what a possibly missed revocation asks for.
    pub(crate) async fn run(self, database: Database, tasks: Tasks) {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                outcome = self.listen(&database) => {
                    if let Err(error) = outcome {
                        tracing::warn!(error = &error as &dyn std::error::Error, "announcements are interrupted");
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
            let beat = tokio::time::Instant::now() + BEAT;
            while let Ok(heard) = tokio::time::timeout_at(beat, listener.hear()).await {
                self.announce(&heard?);
            }
            match tokio::time::timeout(PATIENCE, listener.ping()).await {
                Ok(answered) => answered?,
                Err(_) => return Ok(()),
            }
            // What came before the answer is announced before the beat.
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
        // Without watchers nobody needs to know.
        let _ = self.0.send(announcement);
    }
}
