//! What the server does around every RPC: request id, trace, credential, deadline, log and metrics.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt as _};
use tracing::Instrument as _;
use usher_base::id::WorkspaceId;
use usher_base::trace::TraceContext;
use usher_base::{CallContext, Clock, CredentialError, Denied, Reason};
use usher_net::Peer;
use uuid::Uuid;

use crate::Failure;
use crate::call_recorder::CallRecorder;
use crate::convert::invalid;
use crate::method::Method;
use crate::slots::Slots;
use crate::slugs::Slugs;
use crate::stream::{ACTOR_STREAMS, Party, StreamBody, WORKSPACE_STREAMS};
use crate::suspensions::Suspensions;
use crate::unauthenticated::{MethodSlots, SlotBody, UnauthenticatedCalls};
use crate::verifier::{Verifier, VerifyError};
use crate::{REQUEST_ID_KEY, TRACE_KEY, WORKSPACE_KEY};

/// The maximum length of a workspace's slug.
const MAX_SLUG_BYTES: usize = 64;

/// The parts of the server that the layer uses.
pub(crate) struct Setup {
    pub(crate) role: &'static str,
    pub(crate) verifier: Verifier,
    pub(crate) slugs: Box<dyn Slugs>,
    pub(crate) suspensions: Option<Suspensions>,
    pub(crate) clock: Clock,
    pub(crate) methods: HashMap<&'static str, Served>,
    pub(crate) longest: Duration,
    /// The limit on calls with a valid credential.
    pub(crate) calls: Semaphore,
    /// The limit on calls per party. A caller that sends no message blocks only slots of its own party.
    pub(crate) workspace_calls: Slots<Party>,
    pub(crate) actor_calls: Slots<Party>,
    /// The limit on open streams per party.
    pub(crate) workspace_streams: Slots<Party>,
    pub(crate) actor_streams: Slots<Party>,
    /// The limits on calls of public methods.
    pub(crate) unauthenticated: UnauthenticatedCalls,
}

/// A method of the server.
pub(crate) struct Served {
    pub(crate) method: Method,
    /// Whether either side sends a stream of messages.
    pub(crate) streams: bool,
    /// The slots of a public method; `None` for other methods.
    pub(crate) public: Option<MethodSlots>,
}

/// Wraps services in [`CallService`].
#[derive(Clone)]
pub(crate) struct CallLayer(pub(crate) Arc<Setup>);

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> CallService<S> {
        CallService { inner, setup: Arc::clone(&self.0) }
    }
}

/// Checks the credential of a call, gives the method its context, and records the result.
#[derive(Clone)]
pub(crate) struct CallService<S> {
    inner: S,
    setup: Arc<Setup>,
}

impl<S> Service<Request<Body>> for CallService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let ready = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, ready);
        let setup = Arc::clone(&self.setup);
        Box::pin(async move {
            let began = Instant::now();
            let headers = request.headers();
            let request_id = request_id(headers);
            let trace =
                text(headers, TRACE_KEY).and_then(TraceContext::parse).unwrap_or_else(TraceContext::start);
            // A method that does not exist has a name that anybody can make up.
            let served = setup.methods.get(request.uri().path());
            let label = served.map_or("unknown", |served| served.method.path);
            // At the highest level, so that every log line has the request's id, whatever the log level is.
            let span = tracing::error_span!(
                "rpc", role = setup.role, method = label, request_id = %request_id,
                trace_id = %trace.trace_id(), workspace = tracing::field::Empty,
            );
            let recorder = CallRecorder::new(setup.role, label, span.clone(), began);
            let answer_id = HeaderValue::from_str(&request_id);
            let time = deadline(headers).unwrap_or(setup.longest).min(setup.longest);
            let call = Call { served, request_id, trace, deadline: began + time };
            // A little less than the caller waits, so that the answer still arrives.
            let served = tokio::time::timeout(time * 19 / 20, answer(&setup, inner, request, call));
            let answered = served.instrument(span).await.unwrap_or_else(|_| Err(late().into()));
            let mut response = answered.unwrap_or_else(Status::into_http);
            if let Ok(id) = answer_id {
                response.headers_mut().insert(REQUEST_ID_KEY, id);
            }
            Ok(recorder.observe(response))
        })
    }
}

/// What is known about a call before its credential is checked.
struct Call<'a> {
    served: Option<&'a Served>,
    request_id: String,
    trace: TraceContext,
    deadline: Instant,
}

async fn answer<S>(
    setup: &Setup,
    inner: S,
    mut request: Request<Body>,
    call: Call<'_>,
) -> Result<Response<Body>, Status>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let streams = call.served.is_some_and(|served| served.streams);
    let watches = call.served.is_some_and(|served| served.method.watches());
    if let Some(slots) = call.served.and_then(|served| served.public.as_ref()) {
        return answer_unauthenticated(setup, slots, inner, request, streams).await;
    }
    // No resource is used before the caller is known.
    let context = admit(setup, request.headers(), call).await?;
    if let Ok(workspace) = context.workspace() {
        tracing::Span::current().record("workspace", tracing::field::display(workspace));
    }
    if let Some(peer) = request.extensions().get::<Peer>()
        && context.credential().workspace().is_none()
    {
        peer.vouch();
    }
    let party = Party::from_credential(context.credential());
    let (calls, slots) = match party {
        Party::Workspace(_) => (&setup.workspace_calls, &setup.workspace_streams),
        Party::Actor(_) => (&setup.actor_calls, &setup.actor_streams),
    };
    let _share = calls.take(party.clone()).ok_or_else(|| too_many_calls(&party, calls.max()))?;
    let _slot = setup.calls.try_acquire().map_err(|_| Failure::overloaded())?;
    if !streams {
        request.extensions_mut().insert(context);
        return served(inner, request).await;
    }
    let slot = slots.take(party.clone()).ok_or_else(|| too_many_streams(&party))?;
    let suspended = match (&setup.suspensions, context.workspace()) {
        (Some(suspensions), Ok(workspace)) if watches => {
            Some(suspensions.admit(workspace, context.request_id()).await?)
        }
        _ => None,
    };
    request.extensions_mut().insert(context.clone());
    let response = served(inner, request).await?;
    let body = |body| Body::new(StreamBody::new(body, context, setup.verifier.clone(), slot, suspended));
    Ok(response.map(body))
}

/// Answers a call of a public method. A stream keeps its slot until it ends.
async fn answer_unauthenticated<S>(
    setup: &Setup,
    slots: &MethodSlots,
    inner: S,
    request: Request<Body>,
    streams: bool,
) -> Result<Response<Body>, Status>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let peer = request.extensions().get::<Peer>().cloned();
    if streams {
        let held = setup.unauthenticated.take(slots, peer.as_ref())?;
        let response = served(inner, request).await?;
        return Ok(response.map(|body| Body::new(SlotBody::new(body, held))));
    }
    let request = setup.unauthenticated.read(peer.as_ref(), request).await?;
    // Services fetch keys and credentials over the same connections as they make calls. They need no slots here, so
    // that unauthenticated callers can't take these away.
    if peer.as_ref().is_some_and(Peer::is_vouched) {
        let _slot = setup.calls.try_acquire().map_err(|_| Failure::overloaded())?;
        return served(inner, request).await;
    }
    let _held = setup.unauthenticated.take(slots, peer.as_ref())?;
    served(inner, request).await
}

async fn served<S>(inner: S, request: Request<Body>) -> Result<Response<Body>, Status>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let Ok(response) = inner.oneshot(request).await;
    // If the library can't parse a message, its error has no reason, and its code wrongly says that the server is at
    // fault.
    match Status::from_header_map(response.headers()) {
        Some(found) if found.code() == Code::Internal && found.details().is_empty() => {
            tracing::info!(fault = found.message(), "a message can't be parsed");
            Err(invalid("message", "it can't be parsed as the request of this method").into())
        }
        _ => Ok(response),
    }
}

fn too_many_calls(party: &Party, max: usize) -> Failure {
    let whose = match party {
        Party::Workspace(_) => "of a workspace",
        Party::Actor(_) => "of one service or operator",
    };
    let message = format!(
        "at most {max} calls {whose} can be in progress at once; wait until one of them \
         ends"
    );
    Failure::new(Reason::RateLimited, message)
}

fn too_many_streams(party: &Party) -> Failure {
    let max = match party {
        Party::Workspace(_) => format!("{WORKSPACE_STREAMS} streams of a workspace"),
        Party::Actor(_) => format!("{ACTOR_STREAMS} streams of one service or operator"),
    };
    Failure::new(Reason::RateLimited, format!("at most {max} can be open at once; end one of them first"))
}

fn late() -> Failure {
    Failure::new(Reason::DeadlineExceeded, "the call took too long; it may have taken effect")
}

/// Checks a call by its head: the credential, then the permission, then the workspace.
async fn admit(setup: &Setup, headers: &HeaderMap, call: Call<'_>) -> Result<CallContext, Status> {
    let token = text(headers, "authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(VerifyError::Credential(CredentialError::Missing))?;
    let credential = setup.verifier.verify(token).await?;
    let served = call.served.ok_or_else(|| Status::unimplemented("this method does not exist"))?;
    served.method.judge(&credential)?;
    let requested = match text(headers, WORKSPACE_KEY) {
        None | Some("") => None,
        Some(name) => Some(workspace(setup, name, &call.request_id).await?),
    };
    // If the credential is bound to one workspace and the call names another, that one seems not to exist.
    if requested.is_some() {
        credential.workspace_of(requested).map_err(VerifyError::from)?;
    }
    Ok(CallContext::request(
        setup.clock.clone(),
        credential.as_ref().clone(),
        requested,
        call.request_id,
        call.trace,
        Some(call.deadline),
    ))
}

/// Finds the workspace of an id or slug. The id is not checked for existence; an unknown slug is an error.
async fn workspace(setup: &Setup, name: &str, request_id: &str) -> Result<WorkspaceId, Status> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let slug = name.len() <= MAX_SLUG_BYTES
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !slug {
        return Err(invalid(WORKSPACE_KEY, "write a workspace's id or slug").into());
    }
    let found = setup.slugs.find(name, request_id).await?;
    Ok(found.ok_or(VerifyError::Denied(Denied::OtherWorkspace))?)
}

/// Returns the caller's request id if it is well-formed, otherwise a new one.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    text(headers, REQUEST_ID_KEY).filter(plain).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `grpc-timeout`: up to eight digits and a unit (gRPC over HTTP/2).
fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, "grpc-timeout")?;
    let (number, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok().filter(|_| number.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
