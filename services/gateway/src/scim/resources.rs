//! What is done to users and groups, whichever way it is asked for: by an endpoint of its own or as a
//! part of a bulk request. One remote call each.

use http::StatusCode;
use usher_scim::discovery::{cursor_response, list_response};
use usher_scim::projection::Projection;

use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::kind::{Kind, Page, Resource, documents};
use crate::leaving::Condition;
use crate::problem::Problem;
use crate::query::{Attributes, ListQuery};
use crate::respond::Answer;

/// Creates a resource.
pub(crate) async fn create(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    document: String,
    attributes: &Attributes,
) -> Result<Answer, Problem> {
    let (projection, without) = wanted(kind, attributes);
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.create(&call, document, caller.profile, caller.external_id_stable).await,
        Kind::Group => gateway.groups.create(&call, document, caller.profile, without).await,
    };
    let resource = caller.settle(gateway, outcome).await?;
    Ok(Answer::resource(StatusCode::CREATED, kind, resource, &caller.base, &projection))
}

/// Reads a resource.
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
    Ok((caller.settle(gateway, outcome).await?, projection))
}

/// Writes a document over a resource.
pub(crate) async fn replace(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    document: String,
    condition: Condition,
    attributes: &Attributes,
) -> Result<Answer, Problem> {
    let (projection, without) = wanted(kind, attributes);
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.replace(&call, id, document, caller.profile, &condition).await,
        Kind::Group => {
            let versions = condition.versions;
            gateway.groups.replace(&call, id, document, caller.profile, versions, without).await
        }
    };
    let resource = caller.settle_write(gateway, condition.refusal, outcome).await?;
    Ok(Answer::resource(StatusCode::OK, kind, resource, &caller.base, &projection))
}

/// Applies PATCH operations. A group is answered with 204, because its members may be many, unless the
/// client says which attributes it wants.
pub(crate) async fn patch(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    operations: String,
    condition: Condition,
    attributes: &Attributes,
) -> Result<Answer, Problem> {
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
    let resource = caller.settle_write(gateway, condition.refusal, outcome).await?;
    if bare {
        return Ok(Answer::version(StatusCode::NO_CONTENT, kind, &resource, &caller.base));
    }
    Ok(Answer::resource(StatusCode::OK, kind, resource, &caller.base, &projection))
}

/// Deletes a resource.
pub(crate) async fn delete(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: String,
    condition: Condition,
) -> Result<Answer, Problem> {
    let call = caller.call();
    let outcome = match kind {
        Kind::User => gateway.users.delete(&call, id, condition.versions).await,
        Kind::Group => gateway.groups.delete(&call, id, condition.versions).await,
    };
    caller.settle_write(gateway, condition.refusal, outcome).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Lists resources, one page.
pub(crate) async fn list(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    query: ListQuery,
) -> Result<Answer, Problem> {
    let (projection, without) = wanted(kind, &query.attributes);
    let (start_index, by_cursor) = (query.start_index, query.cursor.is_some());
    let page = page(gateway, caller, kind, query, without).await?;
    let documents = documents(kind, page.resources, &caller.base, &projection);
    let document = if by_cursor {
        cursor_response(Some(page.total), &page.next_cursor, &page.previous_cursor, &documents)
    } else {
        list_response(page.total, u64::try_from(start_index).unwrap_or(1), &documents)
    };
    Ok(Answer { document: Some(document), ..Answer::empty(StatusCode::OK) })
}

/// One page as identity gives it.
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
    caller.settle(gateway, outcome).await
}

/// What to take out of the answer, and whether the membership need not even be read.
pub(super) fn wanted(kind: Kind, attributes: &Attributes) -> (Projection, bool) {
    let projection = attributes.projection(kind.resource_type());
    let without = !projection.returns(kind.membership());
    (projection, without)
}
