//! Routes, and the middleware around them.

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use http::{Method, StatusCode};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::MapRequestLayer;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::decompression::RequestDecompressionLayer;

use crate::gateway::Gateway;
use crate::headers::protect;
use crate::kind::Kind;
use crate::layers::{DEADLINE, MAX_REQUESTS, observe, panicked, refused};
use crate::problem::Problem;
use crate::scim::{bulk, discovery, endpoints, openapi, search};
use crate::{encoding, health, respond};

/// The complete router.
pub(crate) fn router(gateway: Gateway) -> Router {
    let around = ServiceBuilder::new()
        // Compresses larger responses if the client accepts it.
        .layer(
            CompressionLayer::new()
                .gzip(true)
                .quality(CompressionLevel::Fastest)
                .compress_when(SizeAbove::new(1_024)),
        )
        // Assigns the request id, trace and span. On the way back writes the error body, the log line, the metrics
        // and the provisioning log entry.
        .layer(from_fn_with_state(gateway.clone(), observe))
        // Turns a panic below into a 500 instead of a broken connection.
        .layer(CatchPanicLayer::custom(panicked))
        // Turns the errors of the next three layers into error responses.
        .layer(HandleErrorLayer::new(refused))
        // Returns 503 at once when the maximum is reached. A queue would only delay everybody.
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(MAX_REQUESTS))
        // Limits the time until the response, including reading the body.
        .layer(TimeoutLayer::new(DEADLINE))
        .layer(MapRequestLayer::new(encoding::normalize))
        // The size limit applies to the decompressed body. Other encodings are refused together with the media type.
        .layer(RequestDecompressionLayer::new().gzip(true).pass_through_unaccepted(true));
    // `JsonBody` checks the body's size and media type; `Caller` checks the credential and the rate.
    Router::new()
        .route("/scim/v2/openapi.json", get(openapi::document))
        .nest("/scim/v2/{workspace}", scim())
        .fallback(no_such_endpoint)
        .method_not_allowed_fallback(other_method)
        .layer(around)
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .layer(from_fn_with_state(gateway.clone(), protect))
        .with_state(gateway)
}

fn scim() -> Router<Gateway> {
    let mut router = Router::new();
    for (path, methods) in routes() {
        router = router.route(path, methods);
    }
    router
}

/// All endpoints below a workspace's URL.
fn routes() -> Vec<(&'static str, MethodRouter<Gateway>)> {
    vec![
        ("/", search::root()),
        ("/.search", search::everywhere()),
        ("/Users", endpoints::collection(Kind::User)),
        ("/Users/.search", search::of_kind(Kind::User)),
        ("/Users/{id}", endpoints::resource(Kind::User)),
        ("/Groups", endpoints::collection(Kind::Group)),
        ("/Groups/.search", search::of_kind(Kind::Group)),
        ("/Groups/{id}", endpoints::resource(Kind::Group)),
        ("/Bulk", post(bulk::bulk)),
        ("/ServiceProviderConfig", get(discovery::service_provider_config)),
        ("/ResourceTypes", get(discovery::resource_types)),
        ("/ResourceTypes/{id}", get(discovery::resource_type)),
        ("/Schemas", get(discovery::schemas)),
        ("/Schemas/{urn}", get(discovery::schema)),
        ("/Me", discovery::me()),
    ]
}

async fn no_such_endpoint() -> Problem {
    Problem::no_such_endpoint()
}

/// Answers OPTIONS, and refuses other methods. The router adds `Allow` in both cases.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return respond::empty(StatusCode::NO_CONTENT);
    }
    let detail = format!("{method} is not possible here; the Allow header says what is");
    Problem::http(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail).into_response()
}

#[cfg(test)]
mod tests;
