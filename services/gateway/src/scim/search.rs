//! `.search`: a list by POST (RFC 7644 section 3.4.3).

use axum::extract::State;
use axum::response::Response;

use super::users;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::Problem;
use crate::query::ListQuery;

/// `POST /.search` and `POST /Users/.search`: users are all the resources there are.
pub(crate) async fn users(
    State(gateway): State<Gateway>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let query = ListQuery::from_search(&body)?;
    users::page(&gateway, &caller, query).await
}
