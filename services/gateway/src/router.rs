//! Which URL leads where, and what is around all of them.

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
use crate::layers::{DEADLINE, MOST_REQUESTS, observe, panicked, refused};
use crate::problem::Problem;
use crate::scim::{bulk, discovery, endpoints, openapi, search};
use crate::{encoding, health, respond};

/// The whole surface.
pub(crate) fn router(gateway: Gateway) -> Router {
    let around = ServiceBuilder::new()
        // Answers of some size, where the client takes it.
        .layer(
            CompressionLayer::new()
                .gzip(true)
                .quality(CompressionLevel::Fastest)
                .compress_when(SizeAbove::new(1_024)),
        )
        // Request id, trace, span; on the way back the problem's body, the log line, the metrics, the entry of
        // the provisioning log.
        .layer(from_fn_with_state(gateway.clone(), observe))
        // A panic below is a 500, not a broken connection.
        .layer(CatchPanicLayer::custom(panicked))
        // What the next three refuse becomes a problem.
        .layer(HandleErrorLayer::new(refused))
        // With all places taken, 503 at once: a queue would only make everybody late.
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(MOST_REQUESTS))
        // From here to the answer, reading the body included.
        .layer(TimeoutLayer::new(DEADLINE))
        .layer(MapRequestLayer::new(encoding::normalize))
        // The limit of a body holds for what comes out. Other encodings are refused with the body's type.
        .layer(RequestDecompressionLayer::new().gzip(true).pass_through_unaccepted(true));
    // Body limit and media type come with `JsonBody`; credential and rate with `Caller`.
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

/// Everything below a workspace's URL.
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

/// OPTIONS is answered, any other method refused; the router adds `Allow` to both.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return respond::empty(StatusCode::NO_CONTENT);
    }
    let detail = format!("{method} is not possible here; the Allow header says what is");
    Problem::http(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail).into_response()
}

#[cfg(test)]
mod tests;
