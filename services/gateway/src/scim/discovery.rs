//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`, `/Me` (RFC 7644 sections 3.11 and 4).

use axum::extract::Path;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use http::{StatusCode, Uri};
use serde_json::Value;
use usher_base::Reason;
use usher_scim::discovery;
use usher_scim::schema::ResourceType;

use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::kind::Kind;
use crate::problem::Problem;
use crate::respond;

/// `GET /ServiceProviderConfig`
pub(crate) async fn service_provider_config(caller: Caller, uri: Uri) -> Result<Response, Problem> {
    refuse_filter(&uri)?;
    Ok(respond::json(StatusCode::OK, &discovery::service_provider_config(&caller.base)))
}

/// `GET /ResourceTypes`
pub(crate) async fn resource_types(caller: Caller, uri: Uri) -> Result<Response, Problem> {
    refuse_filter(&uri)?;
    Ok(all(&discovery::resource_types(&types(), &caller.base)))
}

/// `GET /ResourceTypes/{id}`
pub(crate) async fn resource_type(
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    one(discovery::resource_types(&types(), &caller.base), &id, "resource type")
}

/// `GET /Schemas`
pub(crate) async fn schemas(caller: Caller, uri: Uri) -> Result<Response, Problem> {
    refuse_filter(&uri)?;
    Ok(all(&discovery::schemas(&types(), &caller.base)))
}

/// `GET /Schemas/{urn}`
pub(crate) async fn schema(
    caller: Caller,
    Path((_, urn)): Path<(String, String)>,
) -> Result<Response, Problem> {
    one(discovery::schemas(&types(), &caller.base), &urn, "schema")
}

/// `/Me`: a token is an app's, which is no user (RFC 7644 section 3.11).
pub(crate) fn me() -> MethodRouter<Gateway> {
    let refuse = async |_: Caller| {
        Problem::http(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            "the token is an app's and stands for no user; read /Users instead",
        )
    };
    get(refuse).post(refuse).put(refuse).patch(refuse).delete(refuse)
}

fn types() -> Vec<&'static ResourceType> {
    Kind::ALL.into_iter().map(Kind::resource_type).collect()
}

/// A filter would be ignored, which must not be taken for an answer to it (RFC 7644 section 4).
fn refuse_filter(uri: &Uri) -> Result<(), Problem> {
    let asks = |part: &str| part.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case("filter"));
    if uri.query().is_some_and(|query| query.split('&').any(asks)) {
        return Err(Problem::new(Reason::PermissionDenied, "discovery endpoints can't be filtered"));
    }
    Ok(())
}

fn all(documents: &[Value]) -> Response {
    let total = u64::try_from(documents.len()).unwrap_or_default();
    respond::json(StatusCode::OK, &discovery::list_response(total, 1, documents))
}

fn one(documents: Vec<Value>, id: &str, kind: &str) -> Result<Response, Problem> {
    let has_id =
        |document: &Value| document["id"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(id));
    let found = documents.into_iter().find(has_id);
    let document = found.ok_or_else(|| {
        let id: String = id.chars().take(200).collect();
        Problem::new(Reason::NotFound, format!("there is no {kind} {id}"))
    })?;
    Ok(respond::json(StatusCode::OK, &document))
}
