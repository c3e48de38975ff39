//! What happens around every request: identification, deadline, overload, panics, log and metrics.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use tower::BoxError;
use tracing::Instrument as _;
use usher_base::Reason;
use usher_base::trace::TraceContext;
use uuid::Uuid;

use crate::problem::Problem;
use crate::respond::SCIM_JSON;

/// Longest time for a request, reading its body included.
pub(crate) const DEADLINE: Duration = Duration::from_secs(25);
/// Requests under way at once; more are refused.
pub(crate) const MOST_REQUESTS: usize = 1_024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known of a request before anything of it is believed.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The same in every service's log.
    pub(crate) id: Arc<str>,
    pub(crate) trace: TraceContext,
    /// When nobody waits for the answer any more.
    pub(crate) deadline: Instant,
}

impl RequestContext {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
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
        }
    }

    /// How long the client still waits.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Identifies a request, writes the bodies of problems, and records how it went: one line, one
/// counter, one duration.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let context = RequestContext::of(request.headers());
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| Arc::from("unmatched"), |path| Arc::<str>::from(path.as_str()));
    // Entra names its requests so; the admin sees the name in the provisioning log.
    let client_request_id: String = text(request.headers(), "client-request-id")
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_graphic)
        .take(64)
        .collect();
    let span = tracing::info_span!(
        "http", request_id = %context.id, trace_id = %context.trace.trace_id(),
        workspace = tracing::field::Empty,
    );
    request.extensions_mut().insert(context.clone());
    async {
        let mut response = next.run(request).await;
        let reason = rescue(&mut response, &context.id);
        if let Ok(id) = HeaderValue::from_str(&context.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let took = began.elapsed();
        let status = response.status().as_u16();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(method, route = %route, status, micros, reason, client_request_id, "request");
        record(method, &route, status, took);
        response
    }
    .instrument(span)
    .await
}

/// Writes the body of a problem, and gives its reason.
fn rescue(response: &mut Response, request_id: &str) -> &'static str {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return "" };
    *response.body_mut() = Body::from(problem.body(request_id));
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    problem.reason
}

fn record(method: &'static str, route: &str, status: u16, took: Duration) {
    let class = match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    metrics::counter!("usher_http_requests_total", "method" => method, "route" => route.to_owned(), "status" => class)
        .increment(1);
    metrics::histogram!("usher_http_duration_seconds", "method" => method, "route" => route.to_owned())
        .record(took.as_secs_f64());
}

/// A method that anybody can make up is no label.
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

/// What the layers themselves refuse.
pub(crate) async fn refused(error: BoxError) -> Response {
    let problem = if error.is::<tower::timeout::error::Elapsed>() {
        Problem::new(Reason::DeadlineExceeded, "the request took too long; it may have taken effect")
    } else {
        Problem::new(Reason::Overloaded, "the service has more work than it can take; try again")
    };
    problem.into_response()
}

/// A defect: the client gets a plain answer, the log the message.
#[expect(clippy::needless_pass_by_value, reason = "the layer's handler takes it so")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = message, "a handler panicked");
    Problem::new(Reason::Internal, "something went wrong inside Usher").into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(id: &str) -> RequestContext {
        RequestContext::of(&HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(id).unwrap())]))
    }

    #[test]
    fn a_sane_request_id_is_taken_over_and_any_other_replaced() {
        assert_eq!(&*context("abc-1.2:3_4").id, "abc-1.2:3_4");
        for odd in ["", "a b", "<script>", &"x".repeat(65)] {
            assert_eq!(context(odd).id.len(), 36, "{odd}");
        }
    }
}
