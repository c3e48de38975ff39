//! `usher.identity.v1.ChangeService`

use std::pin::Pin;

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::change_service_server::ChangeService;
use usher_rpc::convert::page_size;
use usher_rpc::{Pollers, Tasks, open};
use usher_store::Database;

use super::watch::{POLL, Watcher};
use crate::changes::ChangeLog;
use crate::log_tail::News;
use crate::store::changes::Page;

/// Implements the methods for the change log.
pub(crate) struct ChangeApi {
    database: Database,
    pollers: Pollers<News>,
    tasks: Tasks,
}

impl ChangeApi {
    pub(crate) fn new(database: Database, tasks: Tasks) -> Self {
        Self { database, pollers: Pollers::new(POLL, tasks.clone()), tasks }
    }
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
        let log = ChangeLog::open(&self.database, &ctx, message.after_sequence).await?;
        let (sender, receiver) = mpsc::channel(2);
        let workspace = log.workspace;
        let watcher = Watcher::new(log, sender);
        let (tasks, pollers) = (self.tasks.clone(), self.pollers.clone());
        drop(self.tasks.spawn(async move {
            tokio::select! {
                () = tasks.stopping() => {}
                () = watcher.run(workspace, &pollers) => {}
            }
        }));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn list_changes(
        &self,
        request: Request<pb::ListChangesRequest>,
    ) -> Result<Response<pb::ListChangesResponse>, Status> {
        let (ctx, message) = open(request)?;
        let log = ChangeLog::open(&self.database, &ctx, message.after_sequence).await?;
        let size = page_size(message.page_size, 100, 1_000)?;
        let Page { changes, more } = log.page(size).await?;
        let next_after_sequence = if more { changes.last().map_or(0, |change| change.sequence) } else { 0 };
        Ok(Response::new(pb::ListChangesResponse { changes, next_after_sequence }))
    }
}
