//! `/Users`

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use usher_scim::discovery::list_response;
use usher_scim::schema;

use crate::body::JsonBody;
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::precondition::{if_versions, is_known};
use crate::problem::Problem;
use crate::query::ListQuery;
use crate::respond;

type Target = Path<(String, String)>;

/// `POST /Users`
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: ListQuery,
    JsonBody(document): JsonBody,
) -> Result<Response, Problem> {
    match gateway.users.create(&caller.call(), document, caller.profile).await {
        Ok(user) => Ok(respond::user(StatusCode::CREATED, &caller, user, &query.projection(schema::user()))),
        Err(failure) => Err(caller.problem(&gateway, failure).await),
    }
}

/// `GET /Users/{id}`
pub(crate) async fn get(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path((_, id)): Target,
    headers: HeaderMap,
    query: ListQuery,
) -> Result<Response, Problem> {
    let user = match gateway.users.get(&caller.call(), id).await {
        Ok(user) => user,
        Err(failure) => return Err(caller.problem(&gateway, failure).await),
    };
    if is_known(&headers, user.version)? {
        return Ok(respond::not_modified(user.version));
    }
    Ok(respond::user(StatusCode::OK, &caller, user, &query.projection(schema::user())))
}

/// `GET /Users`
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    page(&gateway, &caller, query).await
}

/// One page, however it was asked for.
pub(crate) async fn page(gateway: &Gateway, caller: &Caller, query: ListQuery) -> Result<Response, Problem> {
    let projection = query.projection(schema::user());
    let start_index = query.start_index;
    let page = match gateway.users.list(&caller.call(), query.filter, start_index, query.count).await {
        Ok(page) => page,
        Err(failure) => return Err(caller.problem(gateway, failure).await),
    };
    let users: Vec<Value> =
        page.resources.into_iter().map(|user| respond::user_document(caller, user, &projection)).collect();
    let start_index = u64::try_from(start_index).unwrap_or(1);
    Ok(respond::json(StatusCode::OK, &list_response(page.total, start_index, &users)))
}

/// `PUT /Users/{id}`
pub(crate) async fn replace(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path((_, id)): Target,
    headers: HeaderMap,
    query: ListQuery,
    JsonBody(document): JsonBody,
) -> Result<Response, Problem> {
    let versions = if_versions(&headers);
    match gateway.users.replace(&caller.call(), id, document, caller.profile, versions).await {
        Ok(user) => Ok(respond::user(StatusCode::OK, &caller, user, &query.projection(schema::user()))),
        Err(failure) => Err(caller.problem(&gateway, failure).await),
    }
}

/// `PATCH /Users/{id}`
pub(crate) async fn patch(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path((_, id)): Target,
    headers: HeaderMap,
    query: ListQuery,
    JsonBody(operations): JsonBody,
) -> Result<Response, Problem> {
    let versions = if_versions(&headers);
    match gateway.users.patch(&caller.call(), id, operations, caller.profile, versions).await {
        Ok(user) => Ok(respond::user(StatusCode::OK, &caller, user, &query.projection(schema::user()))),
        Err(failure) => Err(caller.problem(&gateway, failure).await),
    }
}

/// `DELETE /Users/{id}`
pub(crate) async fn delete(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path((_, id)): Target,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match gateway.users.delete(&caller.call(), id, if_versions(&headers)).await {
        Ok(()) => Ok(respond::empty(StatusCode::NO_CONTENT)),
        Err(failure) => Err(caller.problem(&gateway, failure).await),
    }
}
