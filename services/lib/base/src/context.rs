//! The context of a call, which every domain function gets first.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::actor::Actor;
use crate::clock::Clock;
use crate::credential::{Credential, Denied};
use crate::id::WorkspaceId;
use crate::permission::Permission;
use crate::trace::TraceContext;

/// The context of one call: the caller, the workspace, the clock and the deadline. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CallContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    credential: Credential,
    requested: Option<WorkspaceId>,
    request_id: String,
    trace: TraceContext,
    deadline: Option<Instant>,
}

impl CallContext {
    /// The context of a request that came over the network with a verified credential.
    pub fn request(
        clock: Clock,
        credential: Credential,
        requested: Option<WorkspaceId>,
        request_id: String,
        trace: TraceContext,
        deadline: Option<Instant>,
    ) -> Self {
        Self(Arc::new(Inner { clock, credential, requested, request_id, trace, deadline }))
    }

    /// The context of a background task, which acts with the service's own credential.
    pub fn background(clock: Clock, credential: Credential, workspace: WorkspaceId, job: &str) -> Self {
        let trace = TraceContext::start();
        let request_id = format!("{job}-{}", &trace.trace_id()[..12]);
        Self::request(clock, credential, Some(workspace), request_id, trace, None)
    }

    /// The id of the workspace that the call is for. It opens nothing: see `CallContext::scope` for that.
    ///
    /// # Errors
    /// See [`Credential::workspace_of`].
    pub fn workspace(&self) -> Result<WorkspaceId, Denied> {
        self.0.credential.workspace_of(self.0.requested)
    }

    /// Requires a permission, for what belongs to no workspace. What belongs to one takes `CallContext::scope`.
    ///
    /// # Errors
    /// The credential does not have it.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        self.0.credential.require(permission)
    }

    /// Requires any one of some permissions.
    ///
    /// # Errors
    /// The credential has none of them. The error names the first.
    pub fn require_any<const N: usize>(&self, sufficient: [Permission; N]) -> Result<(), Denied> {
        self.0.credential.require_any(sufficient)
    }

    /// The verified credential.
    pub fn credential(&self) -> &Credential {
        &self.0.credential
    }

    /// The caller.
    pub fn actor(&self) -> &Actor {
        self.0.credential.actor()
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The request's id, which is the same in the logs of all services.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The trace that the call belongs to.
    pub fn trace(&self) -> TraceContext {
        self.0.trace
    }

    /// When the caller stops waiting; `None` if it did not say.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }
}
