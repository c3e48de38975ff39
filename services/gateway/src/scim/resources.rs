//! Operations on users and groups, for the endpoints and for bulk requests. Each is one remote call.

use http::StatusCode;
use usher_scim::discovery::{cursor_response, list_response};
use usher_scim::projection::Projection;

use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::kind::{Kind, Page, Resource, documents};
use crate::leaving::Condition;
use crate::problem::Problem;
use crate::query::{Attributes, ListQuery};
use crate::respond::Reply;

pub(crate) async fn create(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    document: String,
    attributes: &Attributes,
) -> Result<Reply, Problem> {
    let (projection, without) = wanted(kind, attributes);
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.create(&call, document, caller.profile, caller.external_id_stable).await,
        Kind::Group => gateway.groups.create(&call, document, caller.profile, without).await,
    };
    let resource = caller.check_outcome(gateway, outcome).await?;
    Ok(Reply::resource(StatusCode::CREATED, kind, resource, &caller.base, &projection))
}

pub(crate) async fn get(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    attributes: &Attributes,
) -> Result<(Resource, Projection), Problem> {
    let (projection, without) = wanted(kind, attributes);
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.get(&call, id).await,
        Kind::Group => gateway.groups.get(&call, id, without).await,
    };
    Ok((caller.check_outcome(gateway, outcome).await?, projection))
}

pub(crate) async fn replace(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    document: String,
    condition: Condition,
    attributes: &Attributes,
) -> Result<Reply, Problem> {
    let (projection, without) = wanted(kind, attributes);
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.replace(&call, id, document, caller.profile, &condition).await,
        Kind::Group => {
            let versions = condition.versions;
            gateway.groups.replace(&call, id, document, caller.profile, versions, without).await
        }
    };
    let resource = caller.check_write_outcome(gateway, condition.refusal, outcome).await?;
    Ok(Reply::resource(StatusCode::OK, kind, resource, &caller.base, &projection))
}

/// Applies PATCH operations. For a group the response is 204, because it may have many members, unless the client
/// requests attributes.
pub(crate) async fn patch(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    operations: String,
    condition: Condition,
    attributes: &Attributes,
) -> Result<Reply, Problem> {
    let (projection, without) = wanted(kind, attributes);
    let bare = kind == Kind::Group && attributes.is_empty();
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.patch(&call, id, operations, caller.profile, &condition).await,
        Kind::Group => {
            let versions = condition.versions;
            gateway.groups.patch(&call, id, operations, caller.profile, versions, without || bare).await
        }
    };
    let resource = caller.check_write_outcome(gateway, condition.refusal, outcome).await?;
    if bare {
        return Ok(Reply::version(StatusCode::NO_CONTENT, kind, &resource, &caller.base));
    }
    Ok(Reply::resource(StatusCode::OK, kind, resource, &caller.base, &projection))
}

pub(crate) async fn delete(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    condition: Condition,
) -> Result<Reply, Problem> {
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.delete(&call, id, condition.versions).await,
        Kind::Group => gateway.groups.delete(&call, id, condition.versions).await,
    };
    caller.check_write_outcome(gateway, condition.refusal, outcome).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Lists one page of resources.
pub(crate) async fn list(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    query: ListQuery,
) -> Result<Reply, Problem> {
    let (projection, without) = wanted(kind, &query.attributes);
    let (start_index, by_cursor) = (query.start_index, query.cursor.is_some());
    let page = page(gateway, caller, kind, query, without).await?;
    let documents = documents(kind, page.resources, &caller.base, &projection);
    let document = if by_cursor {
        cursor_response(Some(page.total), &page.next_cursor, &page.previous_cursor, &documents)
    } else {
        list_response(page.total, u64::try_from(start_index).unwrap_or(1), &documents)
    };
    Ok(Reply { document: Some(document), ..Reply::empty(StatusCode::OK) })
}

/// One page from identity.
pub(super) async fn page(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    query: ListQuery,
    without_membership: bool,
) -> Result<Page, Problem> {
    let selection = query.selection(without_membership, &caller.base, caller.profile);
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.list(&call, selection).await,
        Kind::Group => gateway.groups.list(&call, selection).await,
    };
    caller.check_outcome(gateway, outcome).await
}

/// The attributes of the response, and whether the membership need not be read at all.
pub(super) fn wanted(kind: Kind, attributes: &Attributes) -> (Projection, bool) {
    let projection = attributes.projection(kind.resource_type());
    let without = !projection.returns(kind.membership());
    (projection, without)
}
