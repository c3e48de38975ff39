//! Streams that stay open: the current state first, then every change.

use std::pin::Pin;

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};
use usher_rpc::Tasks;

use crate::limits::look::Look;

/// The stream of a response.
pub(super) type Watch<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// Sends changes until the watcher disconnects (its server does so when its credential ends), a poll fails, or the
/// service stops.
pub(super) fn watch<L, M>(tasks: &Tasks, look: L) -> Response<Watch<M>>
where
    L: Look,
    M: From<L::Seen> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    let stop = tasks.clone();
    drop(tasks.spawn(async move {
        tokio::select! {
            () = stop.stopping() => {}
            () = sender.closed() => {}
            () = follow(look, &sender) => {}
        }
    }));
    Response::new(Box::pin(ReceiverStream::new(receiver)))
}

async fn follow<L, M>(mut look: L, sender: &mpsc::Sender<Result<M, Status>>)
where
    L: Look,
    M: From<L::Seen>,
{
    loop {
        let seen = look.look().await.map_err(Status::from);
        let Some(message) = seen.map(|seen| seen.map(M::from)).transpose() else {
            look.pause().await;
            continue;
        };
        let failed = message.is_err();
        if sender.send(message).await.is_err() || failed {
            return;
        }
    }
}
