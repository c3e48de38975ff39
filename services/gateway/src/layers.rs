//! What happens around every request: request id, deadline, overload, panics, log and metrics.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use tower::BoxError;
use tracing::Instrument as _;
use usher_base::Reason;
use usher_base::id::{AppId, TokenId, WorkspaceId};
use usher_base::trace::TraceContext;
use uuid::Uuid;

use crate::gateway::Gateway;
use crate::grpc::access::Accepted;
use crate::problem::Problem;
use crate::provisioning_log::{LogEntry, MAX_DOCUMENT_BYTES};
use crate::respond::SCIM_JSON;
use crate::scim::openapi;
use crate::slots::Slot;

/// The maximum time for a request, including reading its body.
pub(crate) const DEADLINE: Duration = Duration::from_secs(25);
/// The maximum number of concurrent requests. Further ones are refused.
pub(crate) const MAX_REQUESTS: usize = 1_024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known about a request before any of its content is trusted.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The request's id, which is the same in the logs of all services.
    pub(crate) id: Arc<str>,
    pub(crate) trace: TraceContext,
    /// When the client stops waiting.
    pub(crate) deadline: Instant,
    /// Entra's id of the request, which Entra's provisioning log shows to the admin.
    pub(crate) client_request_id: Arc<str>,
    /// What is found out while the request is processed, for the log.
    findings: Arc<RequestFindings>,
}

#[derive(Debug, Default)]
struct RequestFindings {
    caller: OnceLock<(WorkspaceId, AppId, TokenId)>,
    document: OnceLock<Arc<str>>,
    slot: OnceLock<Slot>,
}

impl RequestContext {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let plain = |id: &&str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
        };
        let sent = text(headers, REQUEST_ID.as_str()).filter(plain);
        Self {
            id: sent.map_or_else(|| Uuid::new_v4().to_string().into(), Arc::from),
            trace: text(headers, usher_rpc::TRACE_KEY)
                .and_then(TraceContext::parse)
                .unwrap_or_else(TraceContext::start),
            deadline: Instant::now() + DEADLINE,
            client_request_id: text(headers, "client-request-id")
                .unwrap_or_default()
                .chars()
                .filter(char::is_ascii_graphic)
                .take(64)
                .collect::<String>()
                .into(),
            findings: Arc::default(),
        }
    }

    /// Records the caller.
    pub(crate) fn note_caller(&self, accepted: &Accepted) {
        let Accepted { workspace, app, token, .. } = accepted;
        // The first value stays; a request has only one caller.
        let _ = self.findings.caller.set((*workspace, *app, *token));
    }

    /// Records the document, unless it is too large to be kept.
    pub(crate) fn note_document(&self, document: &str) {
        if document.len() <= MAX_DOCUMENT_BYTES {
            let _ = self.findings.document.set(document.into());
        }
    }

    /// Keeps the slot of the request until nothing of the request is left.
    pub(crate) fn keep_slot(&self, slot: Slot) {
        let _ = self.findings.slot.set(slot);
    }

    /// The caller, once it is known.
    pub(crate) fn caller(&self) -> Option<(WorkspaceId, AppId, TokenId)> {
        self.findings.caller.get().copied()
    }

    /// The document, if it was read and recorded.
    pub(crate) fn document(&self) -> Option<Arc<str>> {
        self.findings.document.get().cloned()
    }

    /// How long the client still waits.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Identifies a request, writes the bodies of errors, and records the result: one log line, one counter, one
/// duration.
pub(crate) async fn observe(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let context = RequestContext::from_headers(request.headers());
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| Arc::from("unmatched"), |path| Arc::<str>::from(path.as_str()));
    // At the highest level, so that every log line has the request's id, whatever the log level is.
    let span = tracing::error_span!(
        "http", request_id = %context.id, trace_id = %context.trace.trace_id(),
        workspace = tracing::field::Empty,
    );
    request.extensions_mut().insert(context.clone());
    let asked = (request.method().clone(), request.uri().clone());
    async {
        let mut response = next.run(request).await;
        let problem = rescue(&mut response, &context.id);
        let reason = problem.as_ref().map_or("", |problem| problem.reason);
        if let Ok(id) = HeaderValue::from_str(&context.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let took = began.elapsed();
        let status = response.status().as_u16();
        let client_request_id = &*context.client_request_id;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // An unsupported endpoint is not a defect, and anybody can request it.
        if status >= 500 && response.status() != StatusCode::NOT_IMPLEMENTED {
            let error = problem.as_ref().map_or_else(String::new, Problem::chain);
            tracing::error!(method, route = %route, status, micros, reason, client_request_id, error, "request");
        } else {
            tracing::info!(method, route = %route, status, micros, reason, client_request_id, "request");
        }
        record(method, &route, status, took);
        if let Some(log_entry) = LogEntry::from_request(&context, asked, &response, problem, took) {
            gateway.log.record(log_entry);
        }
        response
    }
    .instrument(span)
    .await
}

/// Writes the body of an error response, and returns the error.
fn rescue(response: &mut Response, request_id: &str) -> Option<Problem> {
    let problem = response.extensions_mut().remove::<Problem>()?;
    *response.body_mut() = Body::from(problem.body(request_id));
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    Some(problem)
}

fn record(method: &'static str, route: &str, status: u16, took: Duration) {
    let code = status.to_string();
    metrics::counter!("usher_http_requests_total", "method" => method, "route" => route.to_owned(), "code" => code)
        .increment(1);
    metrics::histogram!("usher_http_duration_seconds", "method" => method, "route" => route.to_owned())
        .record(took.as_secs_f64());
}

/// Sets the request counters to 0: of success, and of the failures that have alerts.
pub fn begin_counters() {
    for (method, path) in openapi::operations() {
        let method = Method::from_bytes(method.as_bytes()).map_or("other", |method| method_label(&method));
        let route = format!("/scim/v2/{{workspace}}{path}");
        for code in ["200", "500", "503"] {
            metrics::counter!("usher_http_requests_total", "method" => method, "route" => route.clone(), "code" => code)
                .increment(0);
        }
    }
}

/// A method that a client has made up must not become a metric label.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Turns the errors of the layers into responses.
pub(crate) async fn refused(error: BoxError) -> Response {
    let problem = if error.is::<tower::timeout::error::Elapsed>() {
        Problem::new(Reason::DeadlineExceeded, "the request took too long; it may have taken effect")
    } else {
        Problem::new(Reason::Overloaded, "the service is overloaded; try again")
    };
    problem.into_response()
}

/// A panic is a defect: the client gets a plain error, and the log the message.
#[expect(clippy::needless_pass_by_value, reason = "the layer passes it by value")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = message, "a handler panicked");
    Problem::new(Reason::Internal, "an internal error occurred").into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(id: &str) -> RequestContext {
        RequestContext::from_headers(&HeaderMap::from_iter([(
            REQUEST_ID,
            HeaderValue::from_str(id).unwrap(),
        )]))
    }

    #[test]
    fn a_well_formed_request_id_is_kept_and_any_other_replaced() {
        assert_eq!(&*context("abc-1.2:3_4").id, "abc-1.2:3_4");
        for odd in ["", "a b", "<script>", &"x".repeat(65)] {
            assert_eq!(context(odd).id.len(), 36, "{odd}");
        }
    }
}
