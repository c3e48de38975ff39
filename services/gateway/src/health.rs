//! `/livez` and `/readyz`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::grpc;

/// The process serves.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Whether requests can be answered: tenant announces access, and identity serves.
pub(crate) async fn ready(State(gateway): State<Gateway>) -> (StatusCode, Json<Value>) {
    let tenant = gateway.announced.is_live();
    let identity = grpc::serves(gateway.identity.clone()).await;
    let draining = gateway.tasks.is_stopping();
    let word = |well: bool| if well { "ok" } else { "unavailable" };
    let status =
        if tenant && identity && !draining { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "tenant": word(tenant), "identity": word(identity), "draining": draining });
    (status, Json(body))
}
