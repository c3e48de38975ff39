//! `/Users` and `/Groups`

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use http::{HeaderMap, StatusCode};

use super::resources;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::kind::Kind;
use crate::leaving::seems_to_leave;
use crate::precondition::{except, excludes, if_versions, is_known};
use crate::problem::Problem;
use crate::query::{Attributes, ListQuery};
use crate::respond::Reply;

type Target = Path<(String, String)>;
type Outcome = Result<Reply, Problem>;

/// `/Users`
pub(crate) fn collection(kind: Kind) -> MethodRouter<Gateway> {
    get(async move |State(gateway): State<Gateway>, caller: Caller, query: ListQuery| -> Outcome {
        resources::list(&gateway, &caller, kind, query).await
    })
    .post(
        async move |State(gateway): State<Gateway>,
                    caller: Caller,
                    attributes: Attributes,
                    JsonBody(document): JsonBody|
                    -> Outcome {
            resources::create(&gateway, &caller, kind, document, &attributes).await
        },
    )
}

/// `/Users/{id}`
pub(crate) fn resource(kind: Kind) -> MethodRouter<Gateway> {
    get(
        async move |State(gateway): State<Gateway>,
                    caller: Caller,
                    Path((_, id)): Target,
                    headers: HeaderMap,
                    attributes: Attributes| {
            read(&gateway, &caller, kind, id, &headers, &attributes).await
        },
    )
    .put(
        async move |State(gateway): State<Gateway>,
                    caller: Caller,
                    Path((_, id)): Target,
                    headers: HeaderMap,
                    attributes: Attributes,
                    JsonBody(document): JsonBody|
                    -> Outcome {
            let versions = versions(&gateway, &caller, (kind, &id), &headers).await?;
            let condition = caller.condition(&gateway, versions, || seems_to_leave(&document))?;
            resources::replace(&gateway, &caller, kind, id, document, condition, &attributes).await
        },
    )
    .patch(
        async move |State(gateway): State<Gateway>,
                    caller: Caller,
                    Path((_, id)): Target,
                    headers: HeaderMap,
                    attributes: Attributes,
                    JsonBody(operations): JsonBody|
                    -> Outcome {
            let versions = versions(&gateway, &caller, (kind, &id), &headers).await?;
            let condition = caller.condition(&gateway, versions, || seems_to_leave(&operations))?;
            resources::patch(&gateway, &caller, kind, id, operations, condition, &attributes).await
        },
    )
    .delete(
        async move |State(gateway): State<Gateway>,
                    caller: Caller,
                    Path((_, id)): Target,
                    headers: HeaderMap|
                    -> Outcome {
            let versions = versions(&gateway, &caller, (kind, &id), &headers).await?;
            let condition = caller.condition(&gateway, versions, || true)?;
            resources::delete(&gateway, &caller, kind, id, condition).await
        },
    )
}

/// The versions that a write is limited to. If If-None-Match excludes some, the resource is read first, and the write
/// is limited to the version that was read.
async fn versions(
    gateway: &Gateway,
    caller: &Caller,
    (kind, id): (Kind, &str),
    headers: &HeaderMap,
) -> Result<Vec<i64>, Problem> {
    if !excludes(headers) {
        return Ok(if_versions(headers));
    }
    let (current, _) = resources::get(gateway, caller, kind, id.to_owned(), &Attributes::only("id")).await?;
    except(headers, current.version)
}

async fn read(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    headers: &HeaderMap,
    attributes: &Attributes,
) -> Result<Response, Problem> {
    let (resource, projection) = resources::get(gateway, caller, kind, id, attributes).await?;
    let answer = if is_known(headers, resource.version)? {
        Reply::version(StatusCode::NOT_MODIFIED, kind, &resource, &caller.base)
    } else {
        Reply::resource(StatusCode::OK, kind, resource, &caller.base, &projection)
    };
    Ok(answer.into_response())
}
