//! `.search`, a list by POST (RFC 7644 section 3.4.3), and lists over all types at the root.

use axum::extract::State;
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use serde_json::Value;
use usher_base::Reason;
use usher_scim::discovery::{cursor_response, list_response};

use super::resources::{self, wanted};
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::kind::{Kind, Page, documents};
use crate::problem::Problem;
use crate::query::ListQuery;
use crate::respond::Reply;

type Outcome = Result<Reply, Problem>;

/// `/Users/.search`
pub(crate) fn of_kind(kind: Kind) -> MethodRouter<Gateway> {
    post(async move |State(gateway): State<Gateway>, caller: Caller, JsonBody(body): JsonBody| -> Outcome {
        resources::list(&gateway, &caller, kind, ListQuery::from_search(&body)?).await
    })
}

/// `/.search`
pub(crate) fn everywhere() -> MethodRouter<Gateway> {
    post(async |State(gateway): State<Gateway>, caller: Caller, JsonBody(body): JsonBody| -> Outcome {
        over_all(&gateway, &caller, ListQuery::from_search(&body)?).await
    })
}

/// The workspace's URL itself.
pub(crate) fn root() -> MethodRouter<Gateway> {
    get(async |State(gateway): State<Gateway>, caller: Caller, query: ListQuery| -> Outcome {
        over_all(&gateway, &caller, query).await
    })
}

/// Lists one type after the other; sorting applies within a type. It is sufficient if the filter is valid for one of
/// them: `userName eq "x"` matches no group.
async fn over_all(gateway: &Gateway, caller: &Caller, query: ListQuery) -> Outcome {
    let document = match query.cursor.clone() {
        Some(cursor) => by_cursor(gateway, caller, query, &cursor).await?,
        None => by_index(gateway, caller, query).await?,
    };
    Ok(Reply { document: Some(document), ..Reply::empty(StatusCode::OK) })
}

async fn by_index(gateway: &Gateway, caller: &Caller, query: ListQuery) -> Result<Value, Problem> {
    let mut found = Vec::new();
    let mut total = 0_u64;
    let mut refusals = Vec::new();
    // A page may end early because of its size in bytes. The rest follows on the next page.
    let mut ended = false;
    for kind in Kind::ALL {
        let taken = i32::try_from(found.len()).unwrap_or(i32::MAX);
        let before = i64::try_from(total).unwrap_or(i64::MAX);
        let query = ListQuery {
            start_index: query.start_index.saturating_sub(before).max(1),
            count: if ended { 0 } else { (query.count - taken).max(0) },
            ..query.clone()
        };
        let (first, wanted) = (query.start_index, query.count);
        match page_of(gateway, caller, kind, query).await {
            Ok((page, documents)) => {
                total += page.total;
                let shown = i64::try_from(documents.len()).unwrap_or(i64::MAX);
                let left = i64::try_from(page.total).unwrap_or(i64::MAX).saturating_sub(first - 1);
                ended |= shown < left.min(i64::from(wanted));
                found.extend(documents);
            }
            Err(problem) if is_foreign(&problem) => refusals.push(problem),
            Err(problem) => return Err(problem),
        }
    }
    match refusals.pop() {
        Some(problem) if refusals.len() + 1 == Kind::ALL.len() => Err(problem),
        _ => Ok(list_response(total, u64::try_from(query.start_index).unwrap_or(1), &found)),
    }
}

/// The cursor consists of the type and identity's own cursor: `Users.…`, `Groups.…`.
async fn by_cursor(
    gateway: &Gateway,
    caller: &Caller,
    query: ListQuery,
    cursor: &str,
) -> Result<Value, Problem> {
    let (first, mut inner) = take_apart(cursor)?;
    let mut refusal = None;
    for (position, kind) in Kind::ALL.into_iter().enumerate().skip(first) {
        let query = ListQuery { cursor: Some(std::mem::take(&mut inner)), ..query.clone() };
        match page_of(gateway, caller, kind, query).await {
            Ok((page, documents)) => {
                let next = match Kind::ALL.get(position + 1) {
                    _ if !page.next_cursor.is_empty() => outer(kind, &page.next_cursor),
                    Some(next) => outer(*next, ""),
                    None => String::new(),
                };
                let previous = match page.previous_cursor.as_str() {
                    "" => String::new(),
                    cursor => outer(kind, cursor),
                };
                return Ok(cursor_response(None, &next, &previous, &documents));
            }
            Err(problem) if is_foreign(&problem) => refusal = Some(problem),
            Err(problem) => return Err(problem),
        }
    }
    match refusal {
        // No type has such an attribute.
        Some(problem) if first == 0 => Err(problem),
        _ => Ok(cursor_response(None, "", "", &[])),
    }
}

async fn page_of(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    query: ListQuery,
) -> Result<(Page, Vec<Value>), Problem> {
    let (projection, without) = wanted(kind, &query.attributes);
    let mut page = resources::page(gateway, caller, kind, query, without).await?;
    let documents = documents(kind, std::mem::take(&mut page.resources), &caller.base, &projection);
    Ok((page, documents))
}

/// Whether a type refuses the query because the filter or the sorting names an attribute that only another type has.
fn is_foreign(problem: &Problem) -> bool {
    matches!(problem.scim_type, Some("invalidFilter" | "invalidPath"))
}

fn outer(kind: Kind, cursor: &str) -> String {
    format!("{}.{cursor}", kind.endpoint().trim_start_matches('/'))
}

/// Splits a cursor into the position of its type and identity's cursor.
fn take_apart(cursor: &str) -> Result<(usize, String), Problem> {
    if cursor.is_empty() {
        return Ok((0, String::new()));
    }
    Kind::ALL
        .into_iter()
        .enumerate()
        .find_map(|(position, kind)| Some((position, cursor.strip_prefix(&outer(kind, ""))?.to_owned())))
        .ok_or_else(|| {
            Problem::new(
                Reason::InvalidCursor,
                "the cursor does not belong to this search; begin with the first page",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_over_all_types_says_where_it_continues() {
        assert_eq!(take_apart("").unwrap(), (0, String::new()));
        assert_eq!(take_apart(&outer(Kind::Group, "abc.d")).unwrap(), (1, "abc.d".to_owned()));
        assert_eq!(take_apart("abc").unwrap_err().scim_type, Some("invalidCursor"));
    }
}
