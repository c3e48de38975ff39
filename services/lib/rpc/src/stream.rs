//! The answer of a call that goes on for as long as both sides like: it ends with what the call began with.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::time::{Interval, MissedTickBehavior};
use tonic::Status;
use tonic::body::Body;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, CredentialError};

use crate::places::Place;
use crate::status::status;
use crate::suspensions::{self, Suspended};

/// Streams of a workspace that may be open at once: each is watched for, and its own admins may be as many as they
/// like.
pub(crate) const WORKSPACE_STREAMS: usize = 16;
/// Streams of a service or an operator, which has replicas.
pub(crate) const ACTOR_STREAMS: usize = 256;
/// How often is looked whether the credential has ended.
const LOOK: Duration = Duration::from_secs(1);

/// Who has a stream open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A workspace, whoever it is that watches it.
    Workspace(WorkspaceId),
    /// A service or an operator whose call is about no workspace.
    Actor(String),
}

impl Holder {
    pub(crate) fn of(ctx: &CallContext) -> Self {
        match ctx.scope() {
            Ok(scope) => Self::Workspace(scope.workspace_id()),
            Err(_) => Self::Actor(ctx.credential().actor().to_string()),
        }
    }
}

/// The answer of a streaming method. Its place is taken, its credential good, and what it watches not suspended, until
/// it ends.
pub(crate) struct StreamBody {
    inner: Body,
    ctx: CallContext,
    look: Interval,
    /// None where it does not matter to the stream.
    suspended: Option<Suspended>,
    ended: bool,
    _place: Place<Holder>,
}

impl StreamBody {
    pub(crate) fn new(
        inner: Body,
        ctx: CallContext,
        place: Place<Holder>,
        suspended: Option<Suspended>,
    ) -> Self {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inner, ctx, look, suspended, ended: false, _place: place }
    }

    /// Why the stream ends now, if it does. The credential was good when the call began; who goes on for longer must
    /// show another.
    fn fault(&mut self, cx: &mut Context<'_>) -> Option<Status> {
        let suspended = self.suspended.as_mut();
        if suspended.is_some_and(|suspended| suspended.as_mut().poll(cx).is_ready()) {
            return Some(status(suspensions::suspended()));
        }
        while self.look.poll_tick(cx).is_ready() {
            if self.ctx.now() >= self.ctx.credential().expires_at() {
                return Some(status(CredentialError::Expired));
            }
        }
        None
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(fault) = self.fault(cx) {
            self.ended = true;
            self.suspended = None;
            // The method's own work ends when nobody takes its answers.
            self.inner = Body::empty();
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(fault.add_header(&mut trailers).map(|()| Frame::trailers(trailers))));
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }
}
