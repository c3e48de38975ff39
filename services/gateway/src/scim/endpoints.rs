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
use crate::precondition::{if_versions, is_known};
use crate::problem::Problem;
use crate::query::{Attributes, ListQuery};
use crate::respond::Answer;

type Target = Path<(String, String)>;
type Outcome = Result<Answer, Problem>;

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
            let versions = if_versions(&headers);
            resources::replace(&gateway, &caller, kind, id, document, versions, &attributes).await
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
            let versions = if_versions(&headers);
            resources::patch(&gateway, &caller, kind, id, operations, versions, &attributes).await
        },
    )
    .delete(
        async move |State(gateway): State<Gateway>,
                    caller: Caller,
                    Path((_, id)): Target,
                    headers: HeaderMap|
                    -> Outcome {
            resources::delete(&gateway, &caller, kind, id, if_versions(&headers)).await
        },
    )
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
        Answer::version(StatusCode::NOT_MODIFIED, kind, &resource, &caller.base)
    } else {
        Answer::resource(StatusCode::OK, kind, resource, &caller.base, &projection)
    };
    Ok(answer.into_response())
}
