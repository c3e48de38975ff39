//! `usher.identity.v1.ChangeService`

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::change_service_server::ChangeService;
use usher_rpc::convert::page_size;
use usher_rpc::{Tasks, open, status};
use usher_store::{Database, ScopedDatabase};

use crate::changes;
use crate::store::changes as store;

/// How soon a watcher sees a new entry.
const POLL: Duration = Duration::from_millis(250);
/// How long a watcher hears nothing at the most.
const HEARTBEAT: Duration = Duration::from_secs(5);
const BATCH: u32 = 500;

/// Serves the change log.
pub(crate) struct ChangeApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

type Changes = Pin<Box<dyn Stream<Item = Result<pb::WatchChangesResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ChangeService for ChangeApi {
    type WatchChangesStream = Changes;

    async fn watch_changes(
        &self,
        request: Request<pb::WatchChangesRequest>,
    ) -> Result<Response<Changes>, Status> {
        let (ctx, message) = open(request)?;
        let database = changes::open(&self.database, &ctx, message.after_sequence).await.map_err(status)?;
        let (sender, receiver) = mpsc::channel(2);
        let tasks = self.tasks.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = tasks.stopping() => {}
                () = follow(&database, message.after_sequence, &sender) => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn list_changes(
        &self,
        request: Request<pb::ListChangesRequest>,
    ) -> Result<Response<pb::ListChangesResponse>, Status> {
        let (ctx, message) = open(request)?;
        let database = changes::open(&self.database, &ctx, message.after_sequence).await.map_err(status)?;
        let size = page_size(message.page_size, 100, 1_000).map_err(status)?;
        let mut changes = store::after(&database, message.after_sequence, size + 1).await.map_err(status)?;
        let more = changes.len() > size as usize;
        changes.truncate(size as usize);
        let next_after_sequence = if more { changes.last().map_or(0, |change| change.sequence) } else { 0 };
        Ok(Response::new(pb::ListChangesResponse { changes, next_after_sequence }))
    }
}

/// Sends entries until the watcher goes away or the database fails.
async fn follow(
    database: &ScopedDatabase,
    mut sequence: i64,
    sender: &mpsc::Sender<Result<pb::WatchChangesResponse, Status>>,
) {
    let mut told: Option<Instant> = None;
    loop {
        match store::after(database, sequence, BATCH).await {
            Ok(changes) if changes.is_empty() => {
                if told.is_none_or(|told| told.elapsed() >= HEARTBEAT) {
                    told = Some(Instant::now());
                    let beat = pb::WatchChangesResponse { changes, sequence };
                    if sender.send(Ok(beat)).await.is_err() {
                        return;
                    }
                }
                tokio::select! {
                    () = sender.closed() => return,
                    () = tokio::time::sleep(POLL) => {}
                }
            }
            Ok(changes) => {
                sequence = changes.last().map_or(sequence, |change| change.sequence);
                told = Some(Instant::now());
                if sender.send(Ok(pb::WatchChangesResponse { changes, sequence })).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // The watcher resumes from the last number it has.
                let _ = sender.send(Err(status(error))).await;
                return;
            }
        }
    }
}
