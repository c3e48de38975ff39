//! Deactivations and deletions while everything else is refused: the workspace is suspended, its plan does not
//! include SCIM, or it has exceeded its rate limit. The gateway selects the requests; identity, which knows their
//! effect, makes the decision.

use axum::extract::MatchedPath;
use http::Method;
use http::request::Parts;
use serde_json::Value;

use crate::precondition::excludes;
use crate::problem::Problem;

/// The route of one user.
const ONE_USER: &str = "/Users/{id}";

/// The condition for a write.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// Only if the resource has one of these versions; empty means any.
    pub(crate) versions: Vec<i64>,
    /// Only if the write deactivates or deletes somebody; otherwise this is the answer.
    pub(crate) refusal: Option<Problem>,
}

/// Whether a request is of a kind that can be part of a deactivation. Some identity providers read a user before they
/// deactivate it, and a bulk request may contain deactivations.
pub(crate) fn may_let_leave(parts: &Parts) -> bool {
    lets_leave(&parts.method, route(parts))
}

/// Whether a request may itself be a deactivation or deletion, judged before its body is read.
pub(crate) fn may_be_leaving(parts: &Parts) -> bool {
    // With If-None-Match the resource would have to be read first.
    is_leaving(&parts.method, route(parts)) && !excludes(&parts.headers)
}

fn lets_leave(method: &Method, route: &str) -> bool {
    is_leaving(method, route)
        || method == Method::GET && route.ends_with(ONE_USER)
        || method == Method::POST && route.ends_with("/Bulk")
}

fn is_leaving(method: &Method, route: &str) -> bool {
    matches!(*method, Method::PUT | Method::PATCH | Method::DELETE) && route.ends_with(ONE_USER)
}

fn route(parts: &Parts) -> &str {
    parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str)
}

/// Whether a PUT or PATCH seems to deactivate somebody: it says somewhere that `active` is false.
pub(crate) fn seems_to_leave(document: &str) -> bool {
    serde_json::from_str::<Value>(document).is_ok_and(|document| deactivates(&document))
}

/// The same for a parsed document.
pub(crate) fn deactivates(document: &Value) -> bool {
    match document {
        Value::Object(fields) => {
            let path = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("path"));
            let of_active = path.and_then(|(_, path)| path.as_str()).is_some_and(is_active);
            fields.iter().any(|(name, value)| {
                let decides = is_active(name) || of_active && name.eq_ignore_ascii_case("value");
                decides && is_false(value) || deactivates(value)
            })
        }
        Value::Array(values) => values.iter().any(deactivates),
        _ => false,
    }
}

/// Whether a path names the attribute, with or without its schema's URN.
fn is_active(path: &str) -> bool {
    path.rsplit(':').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("active"))
}

/// Whether a value is false, in any form that identity providers send.
fn is_false(value: &Value) -> bool {
    match value {
        Value::Bool(active) => !active,
        Value::String(text) => text.trim().eq_ignore_ascii_case("false"),
        Value::Array(values) => values.iter().any(is_false),
        Value::Object(fields) => fields.get("value").is_some_and(is_false),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_about_one_user_may_be_a_deactivation() {
        for (method, route, alone, lets) in [
            (Method::DELETE, "/Users/{id}", true, true),
            (Method::PATCH, "/Users/{id}", true, true),
            (Method::PUT, "/Users/{id}", true, true),
            (Method::GET, "/Users/{id}", false, true),
            (Method::POST, "/Bulk", false, true),
            (Method::GET, "/Users", false, false),
            (Method::POST, "/Users", false, false),
            (Method::POST, "/Users/.search", false, false),
            (Method::DELETE, "/Groups/{id}", false, false),
            (Method::PATCH, "/Groups/{id}", false, false),
            (Method::GET, "/Schemas", false, false),
        ] {
            let route = format!("/scim/v2/{{workspace}}{route}");
            let found = (is_leaving(&method, &route), lets_leave(&method, &route));
            assert_eq!(found, (alone, lets), "{method} {route}");
        }
    }

    #[test]
    fn a_document_seems_to_deactivate_in_every_form_of_active_false() {
        for document in [
            r#"{"userName": "a", "active": false}"#,
            r#"{"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}"#,
            r#"{"Operations": [{"op": "replace", "value": {"active": false}}]}"#,
            r#"{"operations": [{"op": "Add", "Path": "urn:ietf:params:scim:schemas:core:2.0:User:active",
                "Value": [{"value": "False"}]}]}"#,
        ] {
            assert!(seems_to_leave(document), "{document}");
        }
        for document in [
            r#"{"userName": "a", "active": true, "emails": [{"value": "x", "primary": false}]}"#,
            r#"{"Operations": [{"op": "Replace", "path": "title", "value": "False"}]}"#,
            r#"{"Operations": [{"op": "Replace", "path": "active", "value": "True"}]}"#,
            "active false",
        ] {
            assert!(!seems_to_leave(document), "{document}");
        }
    }
}
