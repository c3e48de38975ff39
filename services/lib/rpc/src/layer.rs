//! What happens around every RPC: identification, trace, credential, deadline, log and metrics.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, Request, Response};
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::Instrument as _;
use usher_base::id::WorkspaceId;
use usher_base::trace::TraceContext;
use usher_base::{CallContext, Clock, CredentialError, Reason};
use uuid::Uuid;

use crate::Failure;
use crate::convert::invalid;
use crate::status::status;
use crate::verifier::Verifier;
use crate::{REQUEST_ID_KEY, TRACE_KEY, WORKSPACE_KEY};

/// What the layer needs to know of the server.
pub(crate) struct Setup {
    pub(crate) role: &'static str,
    pub(crate) verifier: Verifier,
    pub(crate) clock: Clock,
    pub(crate) public: HashSet<&'static str>,
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

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let setup = Arc::clone(&self.setup);
        Box::pin(async move {
            let began = Instant::now();
            let headers = request.headers();
            let request_id = request_id(headers);
            let trace =
                text(headers, TRACE_KEY).and_then(TraceContext::parse).unwrap_or_else(TraceContext::start);
            let method = request.uri().path().to_owned();
            let span = tracing::info_span!(
                "rpc", role = setup.role, method = %method, request_id = %request_id,
                trace_id = %trace.trace_id(), workspace = tracing::field::Empty,
            );
            async {
                let outcome = if is_public(&setup, &method) {
                    inner.call(request).await
                } else {
                    let Ok(_permit) = setup.permits.try_acquire() else {
                        return Ok(status(overloaded()).into_http());
                    };
                    match admit(&setup, request.headers(), request_id, trace, began).await {
                        Ok(context) => {
                            if let Ok(scope) = context.scope() {
                                tracing::Span::current()
                                    .record("workspace", tracing::field::display(scope.workspace_id()));
                            }
                            request.extensions_mut().insert(context);
                            inner.call(request).await
                        }
                        Err(refused) => Ok(refused.into_http()),
                    }
                };
                if let Ok(response) = &outcome {
                    record(&setup, &method, response, began.elapsed());
                }
                outcome
            }
            .instrument(span)
            .await
        })
    }
}

fn overloaded() -> Failure {
    Failure::new(Reason::Overloaded, "the service has more work than it can take; try again")
}

fn is_public(setup: &Setup, method: &str) -> bool {
    setup.public.contains(method)
        || method.starts_with("/grpc.health.v1.Health/")
        || method.starts_with("/grpc.reflection.")
}

async fn admit(
    setup: &Setup,
    headers: &HeaderMap,
    request_id: String,
    trace: TraceContext,
    began: Instant,
) -> Result<CallContext, Status> {
    let token = text(headers, "authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| status(CredentialError::Missing))?;
    let credential = setup.verifier.verify(token).await.map_err(status)?;
    let requested = match text(headers, WORKSPACE_KEY) {
        None | Some("") => None,
        Some(id) => {
            Some(id.parse::<WorkspaceId>().map_err(|error| status(invalid("usher-workspace", error)))?)
        }
    };
    // Bound to one workspace and asking for another: as if that did not exist.
    if requested.is_some() {
        credential.scope(requested).map_err(status)?;
    }
    let deadline = began + deadline(headers).unwrap_or(setup.longest).min(setup.longest);
    Ok(CallContext::request(
        setup.clock.clone(),
        credential.as_ref().clone(),
        requested,
        request_id,
        trace,
        Some(deadline),
    ))
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

/// Trailers of an error come as headers, because no message precedes them; streams that fail later
/// are recorded as begun.
fn record(setup: &Setup, method: &str, response: &Response<Body>, took: Duration) {
    let code = response
        .headers()
        .get("grpc-status")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .map_or(tonic::Code::Ok, tonic::Code::from_i32);
    // A method that does not exist is a name that anybody can make up.
    let label = if code == tonic::Code::Unimplemented { "unknown".to_owned() } else { method.to_owned() };
    metrics::counter!("usher_rpc_requests_total", "role" => setup.role, "method" => label.clone(), "code" => format!("{code:?}"))
        .increment(1);
    metrics::histogram!("usher_rpc_duration_seconds", "role" => setup.role, "method" => label)
        .record(took.as_secs_f64());
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(code = ?code, micros, "call");
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
