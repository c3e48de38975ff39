//! The answer of a call that goes on for as long as both sides like: it ends with what the call began with.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::time::{Interval, MissedTickBehavior};
use tonic::Status;
use tonic::body::Body;
use usher_base::id::WorkspaceId;
use usher_base::{Actor, CallContext, Credential};

use crate::places::Place;
use crate::status::status;
use crate::suspensions::{self, Suspended};
use crate::verifier::{Verifier, VerifyError};

/// Streams of a workspace that may be open at once: each is watched for, and its own admins may be as many as they
/// like.
pub(crate) const WORKSPACE_STREAMS: usize = 16;
/// Streams of a service or an operator, which has replicas.
pub(crate) const ACTOR_STREAMS: usize = 256;
/// How often is looked whether the credential has ended, or is not trusted any more.
const LOOK: Duration = Duration::from_secs(1);

/// A look that is under way: it may ask for the keys again.
type Look = Pin<Box<dyn Future<Output = Result<(), VerifyError>> + Send>>;

/// Whose calls and streams count together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A workspace's own people and programs, all together.
    Workspace(WorkspaceId),
    /// A service or an operator, whichever workspaces the calls are about: no workspace's people keep them out.
    Actor(String),
}

impl Holder {
    pub(crate) fn of(credential: &Credential) -> Self {
        match (credential.workspace(), credential.actor()) {
            // A key that is for one workspace is one of its programs.
            (Some(workspace), Actor::Scim { .. } | Actor::Admin(_) | Actor::Operator(_)) => {
                Self::Workspace(workspace)
            }
            (_, actor) => Self::Actor(actor.to_string()),
        }
    }
}

/// The answer of a streaming method. Its place is taken, its credential good, and what it watches not suspended, until
/// it ends.
pub(crate) struct StreamBody {
    inner: Body,
    ctx: CallContext,
    verifier: Verifier,
    looks: Interval,
    look: Option<Look>,
    /// None where it does not matter to the stream.
    suspended: Option<Suspended>,
    ended: bool,
    _place: Place<Holder>,
}

impl StreamBody {
    pub(crate) fn new(
        inner: Body,
        ctx: CallContext,
        verifier: Verifier,
        place: Place<Holder>,
        suspended: Option<Suspended>,
    ) -> Self {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inner, ctx, verifier, looks, look: None, suspended, ended: false, _place: place }
    }

    /// Why the stream ends, as soon as it does: its workspace is suspended, or its credential is not good any more. It
    /// was when the call began; who goes on for longer must show another.
    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let suspended = self.suspended.as_mut();
        if suspended.is_some_and(|suspended| suspended.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(status(suspensions::suspended()));
        }
        loop {
            if let Some(look) = &mut self.look {
                let outcome = ready!(look.as_mut().poll(cx));
                self.look = None;
                if let Err(fault) = outcome {
                    return Poll::Ready(status(fault));
                }
            }
            ready!(self.looks.poll_tick(cx));
            let (ctx, verifier) = (self.ctx.clone(), self.verifier.clone());
            self.look = Some(Box::pin(async move { verifier.verify_still(ctx.credential()).await }));
        }
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
        if let Poll::Ready(fault) = self.poll_fault(cx) {
            self.ended = true;
            self.suspended = None;
            // The method's own work ends when nobody takes its answers.
            self.inner = Body::empty();
            let mut trailers = HeaderMap::new();
            let told = fault.add_header(&mut trailers);
            return Poll::Ready(Some(told.map(|()| Frame::trailers(trailers))));
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }
}
