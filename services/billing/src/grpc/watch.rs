//! Streams that stay open: what there is, and then whatever is new.

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};
use usher_base::{CallContext, CredentialError};
use usher_rpc::{Tasks, status};

use crate::look::Look;

/// How soon a watcher sees what is new.
const EVERY: Duration = Duration::from_secs(1);

/// The stream of an answer.
pub(super) type Watch<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// Watches until the watcher goes away, its credential ends, a look fails or the service stops. A deadline is
/// for the beginning only.
pub(super) fn watch<L, M>(tasks: &Tasks, ctx: CallContext, look: L) -> Response<Watch<M>>
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
            () = follow(&ctx, look, &sender) => {}
        }
    }));
    Response::new(Box::pin(ReceiverStream::new(receiver)))
}

async fn follow<L, M>(ctx: &CallContext, mut look: L, sender: &mpsc::Sender<Result<M, Status>>)
where
    L: Look,
    M: From<L::Seen>,
{
    loop {
        // It was good when the call began; whoever watches longer must show another.
        let seen = if ctx.now() < ctx.credential().expires_at() {
            look.look().await.map_err(status)
        } else {
            Err(status(CredentialError::Expired))
        };
        let Some(message) = seen.map(|seen| seen.map(M::from)).transpose() else {
            tokio::time::sleep(EVERY).await;
            continue;
        };
        let failed = message.is_err();
        if sender.send(message).await.is_err() || failed {
            return;
        }
    }
}
