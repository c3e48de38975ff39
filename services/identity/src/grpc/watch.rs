//! A watcher of a change log.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tonic::Status;
use usher_base::id::WorkspaceId;
use usher_proto::identity::v1 as pb;
use usher_rpc::Pollers;
use usher_store::ScopedDatabase;

use crate::changes::ChangeLog;
use crate::error::IdentityError;
use crate::log_tail::{BATCH, LogTail, News};
use crate::store::changes::{self, Page};

/// How often the log is polled.
pub(super) const POLL: Duration = Duration::from_millis(250);
/// The maximum time without a message to the watcher.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The sending side of a watcher's stream.
pub(super) type Sender = mpsc::Sender<Result<pb::WatchChangesResponse, Status>>;

/// Sends the entries of a workspace in order, each once.
pub(super) struct Watcher {
    database: ScopedDatabase,
    /// The number of the last entry that was sent.
    sequence: i64,
    /// When the last message was sent.
    sent: Option<Instant>,
    sender: Sender,
}

/// The watcher has disconnected, or has got an error.
struct Ended;

impl Watcher {
    pub(super) fn new(log: ChangeLog, sender: Sender) -> Self {
        Self { database: log.database, sequence: log.after, sent: None, sender }
    }

    /// Sends entries until the watcher disconnects or the database fails. New entries come from the poller that all
    /// watchers of the workspace share. Older ones, and those that a slow watcher missed, are read separately.
    pub(super) async fn run(mut self, workspace: WorkspaceId, pollers: &Pollers<News>) {
        loop {
            let news = pollers.watch(workspace, LogTail::new(self.database.clone()));
            if self.follow(news).await.is_err() {
                return;
            }
            // The poller failed. Reading again reveals the cause.
            sleep(POLL).await;
        }
    }

    /// Follows a poller until it fails.
    async fn follow(&mut self, mut news: watch::Receiver<Option<News>>) -> Result<(), Ended> {
        self.catch_up().await?;
        if self.sent.is_none() {
            self.send(Vec::new()).await?;
        }
        loop {
            let beat = self.sent.map_or_else(Instant::now, |sent| sent + HEARTBEAT);
            let heard = tokio::select! {
                () = self.sender.closed() => return Err(Ended),
                heard = timeout_at(beat, news.changed()) => heard,
            };
            match heard {
                Err(_) => self.send(Vec::new()).await?,
                Ok(Err(_)) => return Ok(()),
                Ok(Ok(())) => {
                    let found = news.borrow_and_update().clone();
                    self.take(found).await?;
                }
            }
        }
    }

    async fn take(&mut self, news: Option<News>) -> Result<(), Ended> {
        let Some(News { after, changes }) = news else { return Ok(()) };
        if after > self.sequence {
            self.catch_up().await?;
        }
        let changes =
            changes.iter().filter(|change| change.sequence > self.sequence).cloned().collect::<Vec<_>>();
        if changes.is_empty() { Ok(()) } else { self.send(changes).await }
    }

    /// Reads up to the end of the log.
    async fn catch_up(&mut self) -> Result<(), Ended> {
        loop {
            let Page { changes, more } = match changes::after(&self.database, self.sequence, BATCH).await {
                Ok(page) => page,
                Err(error) => {
                    // The watcher resumes after the last number that it has.
                    let _ = self.sender.send(Err(IdentityError::from(error).into())).await;
                    return Err(Ended);
                }
            };
            if changes.is_empty() {
                return Ok(());
            }
            self.send(changes).await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn send(&mut self, changes: Vec<pb::Change>) -> Result<(), Ended> {
        self.sequence = changes.last().map_or(self.sequence, |change| change.sequence);
        self.sent = Some(Instant::now());
        let message = pb::WatchChangesResponse { changes, sequence: self.sequence };
        self.sender.send(Ok(message)).await.map_err(|_| Ended)
    }
}
