//! The answer of a stream, which ends when its credential or its workspace's status no longer allows it.

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

use crate::slots::Slot;
use crate::suspensions::{self, Suspended};
use crate::verifier::{Verifier, VerifyError};

/// The maximum number of open streams of a workspace. Each is watched, and a workspace can have any number of admins.
pub(crate) const WORKSPACE_STREAMS: usize = 16;
/// The maximum number of open streams of a service or an operator, which may have several replicas.
pub(crate) const ACTOR_STREAMS: usize = 256;
/// How often to check that the credential has not expired and is still trusted.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A check in progress. It may fetch the keys again.
type CredentialCheck = Pin<Box<dyn Future<Output = Result<(), VerifyError>> + Send>>;

/// Whose calls and streams are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    /// All people and programs of a workspace together.
    Workspace(WorkspaceId),
    /// A service or an operator, whichever workspaces the calls are about, so that no workspace can block it.
    Actor(String),
}

impl Party {
    pub(crate) fn from_credential(credential: &Credential) -> Self {
        match (credential.workspace(), credential.actor()) {
            // A service key that is bound to one workspace is a program of that workspace.
            (Some(workspace), Actor::Scim { .. } | Actor::Admin(_) | Actor::Operator(_)) => {
                Self::Workspace(workspace)
            }
            (_, actor) => Self::Actor(actor.to_string()),
        }
    }
}

/// The answer of a streaming method. Until it ends, it holds a slot, and its credential and the status of its
/// workspace are checked.
pub(crate) struct StreamBody {
    inner: Body,
    ctx: CallContext,
    verifier: Verifier,
    checks: Interval,
    check: Option<CredentialCheck>,
    /// `None` if the stream does not end with a suspension.
    suspended: Option<Suspended>,
    ended: bool,
    _slot: Slot<Party>,
}

impl StreamBody {
    pub(crate) fn new(
        inner: Body,
        ctx: CallContext,
        verifier: Verifier,
        slot: Slot<Party>,
        suspended: Option<Suspended>,
    ) -> Self {
        let mut checks = tokio::time::interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inner, ctx, verifier, checks, check: None, suspended, ended: false, _slot: slot }
    }

    /// Returns an error when the stream must end: its workspace is suspended, or its credential is no longer valid.
    /// The credential was valid when the call began; to continue, the caller must reconnect with a new one.
    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let suspended = self.suspended.as_mut();
        if suspended.is_some_and(|suspended| suspended.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(suspensions::suspended().into());
        }
        loop {
            if let Some(check) = &mut self.check {
                let outcome = ready!(check.as_mut().poll(cx));
                self.check = None;
                if let Err(fault) = outcome {
                    return Poll::Ready(fault.into());
                }
            }
            ready!(self.checks.poll_tick(cx));
            let (ctx, verifier) = (self.ctx.clone(), self.verifier.clone());
            self.check = Some(Box::pin(async move { verifier.verify_still(ctx.credential()).await }));
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
            // Dropping the body ends the method's own work.
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
