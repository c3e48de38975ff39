//! Which URL leads where, and what is around all of them.

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use http::{Method, StatusCode};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower_http::catch_panic::CatchPanicLayer;

use crate::gateway::Gateway;
use crate::layers::{DEADLINE, MOST_REQUESTS, observe, panicked, refused};
use crate::problem::Problem;
use crate::scim::{discovery, search, users};
use crate::{health, respond};

/// The whole surface.
pub(crate) fn router(gateway: Gateway) -> Router {
    let around = ServiceBuilder::new()
        // Request id, trace, span; on the way back the problem's body, the log line, the metrics.
        .layer(from_fn(observe))
        // A panic below is a 500, not a broken connection.
        .layer(CatchPanicLayer::custom(panicked))
        // What the next three refuse becomes a problem.
        .layer(HandleErrorLayer::new(refused))
        // With all places taken, 503 at once: a queue would only make everybody late.
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(MOST_REQUESTS))
        // From here to the answer, reading the body included.
        .layer(TimeoutLayer::new(DEADLINE));
    // Body limit and media type come with `JsonBody`; credential and rate with `Caller`.
    Router::new()
        .nest("/scim/v2/{workspace}", scim())
        .fallback(no_such_endpoint)
        .method_not_allowed_fallback(other_method)
        .layer(around)
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(gateway)
}

fn scim() -> Router<Gateway> {
    Router::new()
        .route("/", get(users::list))
        .route("/.search", post(search::users))
        .route("/Users", get(users::list).post(users::create))
        .route("/Users/.search", post(search::users))
        .route("/Users/{id}", get(users::get).put(users::replace).patch(users::patch).delete(users::delete))
        .route("/ServiceProviderConfig", get(discovery::service_provider_config))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{urn}", get(discovery::schema))
        .route("/Me", any(discovery::me))
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
