//! What happens around every RPC: identification, trace, credential, deadline, log and metrics.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::Instrument as _;
use usher_base::id::WorkspaceId;
use usher_base::trace::TraceContext;
use usher_base::{CallContext, Clock, CredentialError, Denied, Reason};
use uuid::Uuid;

use crate::Failure;
use crate::convert::invalid;
use crate::ending::Ending;
use crate::method::Method;
use crate::slugs::Slugs;
use crate::status::status;
use crate::verifier::Verifier;
use crate::{REQUEST_ID_KEY, TRACE_KEY, WORKSPACE_KEY};

/// Longest slug of a workspace.
const LONGEST_SLUG: usize = 64;

/// What the layer needs to know of the server.
pub(crate) struct Setup {
    pub(crate) role: &'static str,
    pub(crate) verifier: Verifier,
    pub(crate) slugs: Box<dyn Slugs>,
    pub(crate) clock: Clock,
    pub(crate) methods: HashMap<&'static str, Method>,
    pub(crate) longest: Duration,
    pub(crate) permits: Arc<Semaphore>,
}

/// Puts [`CallService`] around a service.
#[derive(Clone)]
pub(crate) struct CallLayer(pub(crate) Arc<Setup>);

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> CallService<S> {
        CallService { inner, setup: Arc::clone(&self.0) }
    }
}

/// Checks a call's credential, gives the method its context, and records how the call went.
#[derive(Clone)]
pub(crate) struct CallService<S> {
    inner: S,
    setup: Arc<Setup>,
}

impl<S> Service<Request<Body>> for CallService<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
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
            // A method that does not exist is a name that anybody can make up.
            let method = setup.methods.get(request.uri().path()).copied();
            let label = method.map_or("unknown", |method| method.path);
            let span = tracing::info_span!(
                "rpc", role = setup.role, method = label, request_id = %request_id,
                trace_id = %trace.trace_id(), workspace = tracing::field::Empty,
            );
            let ending = Ending::of(setup.role, label, span.clone(), began);
            let answer_id = HeaderValue::from_str(&request_id);
            let time = deadline(headers).unwrap_or(setup.longest).min(setup.longest);
            let call = Call { method, request_id, trace, deadline: began + time };
            // A little sooner than the caller stops waiting, so that the answer still reaches it.
            let served = tokio::time::timeout(time * 19 / 20, serve(&setup, inner, request, call));
            let mut response = match served.instrument(span).await {
                Ok(served) => served?,
                Err(_) => status(late()).into_http(),
            };
            if let Ok(id) = answer_id {
                response.headers_mut().insert(REQUEST_ID_KEY, id);
            }
            Ok(ending.observe(response))
        })
    }
}

/// What is known of a call before its credential is.
struct Call {
    method: Option<Method>,
    request_id: String,
    trace: TraceContext,
    deadline: Instant,
}

async fn serve<S>(
    setup: &Setup,
    mut inner: S,
    mut request: Request<Body>,
    call: Call,
) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    if call.method.is_some_and(|method| method.is_public()) {
        return inner.call(request).await;
    }
    let Ok(_permit) = setup.permits.try_acquire() else {
        return Ok(status(overloaded()).into_http());
    };
    match admit(setup, request.headers(), call).await {
        Ok(context) => {
            if let Ok(scope) = context.scope() {
                tracing::Span::current().record("workspace", tracing::field::display(scope.workspace_id()));
            }
            request.extensions_mut().insert(context);
            inner.call(request).await
        }
        Err(refused) => Ok(refused.into_http()),
    }
}

fn overloaded() -> Failure {
    Failure::new(Reason::Overloaded, "the service has more work than it can take; try again")
}

fn late() -> Failure {
    Failure::new(Reason::DeadlineExceeded, "the call took too long; it may have taken effect")
}

/// Judges a call by its head: the credential, then the permission, then the workspace.
async fn admit(setup: &Setup, headers: &HeaderMap, call: Call) -> Result<CallContext, Status> {
    let token = text(headers, "authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| status(CredentialError::Missing))?;
    let credential = setup.verifier.verify(token).await.map_err(status)?;
    let method = call.method.ok_or_else(|| Status::unimplemented("there is no such method"))?;
    method.judge(&credential).map_err(status)?;
    let requested = match text(headers, WORKSPACE_KEY) {
        None | Some("") => None,
        Some(name) => Some(workspace(setup, name, &call.request_id).await?),
    };
    // Bound to one workspace and asking for another: as if that did not exist.
    if requested.is_some() {
        credential.scope(requested).map_err(status)?;
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

/// The workspace of an id or slug. An id need not exist; a slug that nobody has is no workspace.
async fn workspace(setup: &Setup, name: &str, request_id: &str) -> Result<WorkspaceId, Status> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let slug = name.len() <= LONGEST_SLUG
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !slug {
        return Err(status(invalid(WORKSPACE_KEY, "write a workspace's id or slug")));
    }
    let found = setup.slugs.find(name, request_id).await.map_err(status)?;
    found.ok_or_else(|| status(Denied::OtherWorkspace))
}

/// The caller's id if it is a plain one; else a new one.
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
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_read_in_every_unit_and_nonsense_is_none() {
        let of = |value: &str| {
            deadline(&HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), value.parse().unwrap())]))
        };

        assert_eq!(of("2S"), Some(Duration::from_secs(2)));
        assert_eq!(of("250m"), Some(Duration::from_millis(250)));
        for nonsense in ["", "S", "2", "-1S", "999999999S", "2x"] {
            assert_eq!(of(nonsense), None, "{nonsense}");
        }
    }
}
