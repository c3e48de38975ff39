//! Response headers for browsers and caches.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};

use crate::gateway::Gateway;

/// One year.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Responses contain personal data: no cache may store them unless a handler says otherwise, and no browser may
/// interpret one as another media type. A client that uses HTTPS must never use plain HTTP again (RFC 6797).
pub(crate) async fn protect(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let https = gateway.locations.is_https(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
