//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`, `/Me` (RFC 7644 sections 3.11 and 4).

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use http::{StatusCode, Uri};
use serde_json::Value;
use usher_base::Reason;
use usher_scim::discovery::{self, MAX_BULK_OPERATIONS, Support};
use usher_scim::schema::{self, ResourceType};

use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::Problem;
use crate::respond;

/// The supported features. Nothing else is advertised.
const SUPPORT: Support = Support { sort: true, cursor: true, bulk: Some(MAX_BULK_OPERATIONS) };

/// `GET /ServiceProviderConfig`
pub(crate) async fn service_provider_config(caller: Caller, uri: Uri) -> Result<Response, Problem> {
    refuse_filter(&uri)?;
    Ok(respond::json(StatusCode::OK, &discovery::service_provider_config(&caller.base, SUPPORT)))
}

/// `GET /ResourceTypes`
pub(crate) async fn resource_types(
    State(gateway): State<Gateway>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Problem> {
    refuse_filter(&uri)?;
    Ok(list_documents(&discovery::resource_types(&caller.base, &user_type(&gateway, &caller).await?)))
}

/// `GET /ResourceTypes/{id}`
pub(crate) async fn resource_type(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let user_type = user_type(&gateway, &caller).await?;
    find_document(discovery::resource_types(&caller.base, &user_type), &id, "resource type")
}

/// `GET /Schemas`
pub(crate) async fn schemas(
    State(gateway): State<Gateway>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Problem> {
    refuse_filter(&uri)?;
    Ok(list_documents(&discovery::schemas(&caller.base, &user_type(&gateway, &caller).await?)))
}

/// `GET /Schemas/{urn}`
pub(crate) async fn schema(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path((_, urn)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let user_type = user_type(&gateway, &caller).await?;
    find_document(discovery::schemas(&caller.base, &user_type), &urn, "schema")
}

/// The user type of the caller's workspace, with its custom attributes.
async fn user_type(gateway: &Gateway, caller: &Caller) -> Result<ResourceType, Problem> {
    let custom = gateway.attributes.list(&caller.call()).await;
    Ok(schema::user_with(caller.check_outcome(gateway, custom).await?))
}

/// `/Me`: a token belongs to an app, which is not a user (RFC 7644 section 3.11).
pub(crate) fn me() -> MethodRouter<Gateway> {
    let refuse = async |_: Caller| {
        Problem::http(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            "the token belongs to an app and stands for no user; read /Users instead",
        )
    };
    get(refuse).post(refuse).put(refuse).patch(refuse).delete(refuse)
}

/// Refuses a filter, which would otherwise be ignored without the client noticing (RFC 7644 section 4).
fn refuse_filter(uri: &Uri) -> Result<(), Problem> {
    let asks = |part: &str| part.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case("filter"));
    if uri.query().is_some_and(|query| query.split('&').any(asks)) {
        return Err(Problem::new(Reason::PermissionDenied, "discovery endpoints can't be filtered"));
    }
    Ok(())
}

fn list_documents(documents: &[Value]) -> Response {
    let total = u64::try_from(documents.len()).unwrap_or_default();
    respond::json(StatusCode::OK, &discovery::list_response(total, 1, documents))
}

fn find_document(documents: Vec<Value>, id: &str, kind: &str) -> Result<Response, Problem> {
    let has_id =
        |document: &Value| document["id"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(id));
    let found = documents.into_iter().find(has_id);
    let document = found.ok_or_else(|| {
        let id: String = id.chars().take(200).collect();
        Problem::new(Reason::NotFound, format!("there is no {kind} {id}"))
    })?;
    Ok(respond::json(StatusCode::OK, &document))
}
