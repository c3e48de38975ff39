//! `bulkId:…`: references between the operations of one request, in any order (RFC 7644 section 3.7.2).

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use serde_json::Value;

use super::{Operation, places};
use crate::kind::Kind;

const MARK: &str = "bulkId:";

/// The order in which operations are executed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The positions of operations, in the order sent, except that an operation waits for those that it refers to.
    pub(crate) order: Vec<usize>,
    /// The positions of operations whose references form a circle or lead into one.
    pub(crate) circular: Vec<usize>,
}

/// A reference that has no id yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unresolved(pub(crate) String);

/// Orders operations by their references.
pub(crate) fn plan(operations: &[Operation]) -> Plan {
    let defined: HashMap<&str, usize> = operations
        .iter()
        .enumerate()
        .filter_map(|(position, operation)| Some((operation.defines()?, position)))
        .collect();
    let mut waiting = vec![0_usize; operations.len()];
    let mut followers = vec![Vec::new(); operations.len()];
    for (position, operation) in operations.iter().enumerate() {
        for id in &operation.references {
            if let Some(first) = defined.get(id.as_str()) {
                waiting[position] += 1;
                followers[*first].push(position);
            }
        }
    }
    let mut ready: BinaryHeap<_> =
        (0..operations.len()).filter(|position| waiting[*position] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(operations.len());
    while let Some(Reverse(position)) = ready.pop() {
        order.push(position);
        for follower in &followers[position] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                ready.push(Reverse(*follower));
            }
        }
    }
    let circular = (0..operations.len()).filter(|position| waiting[*position] > 0).collect();
    Plan { order, circular }
}

/// Replaces references by ids wherever a document can have them.
///
/// # Errors
/// A reference for which `id_of` has no id.
pub(crate) fn resolve(
    kind: Kind,
    data: &mut Value,
    id_of: &impl Fn(&str) -> Option<String>,
) -> Result<(), Unresolved> {
    places::each(kind, data, &mut |text| {
        let mut done = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => done.push_str(text),
                Piece::Reference(id) => done.push_str(&id_of(id).ok_or_else(|| Unresolved(id.to_owned()))?),
            }
        }
        *text = done;
        Ok(())
    })
}

/// Returns the id in a path, with a reference replaced.
///
/// # Errors
/// As for [`resolve`].
pub(crate) fn resolve_id(id: &str, id_of: &impl Fn(&str) -> Option<String>) -> Result<String, Unresolved> {
    match id.strip_prefix(MARK) {
        None => Ok(id.to_owned()),
        Some(reference) => id_of(reference).ok_or_else(|| Unresolved(reference.to_owned())),
    }
}

/// The references of an operation, in its document and in its path.
pub(super) fn mentioned(kind: Kind, id: &str, data: &mut Value) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = id.strip_prefix(MARK).map(str::to_owned).into_iter().collect();
    let noted: Result<(), Unresolved> = places::each(kind, data, &mut |text| {
        found.extend(pieces(text).filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Reference(id) => Some(id.to_owned()),
        }));
        Ok(())
    });
    debug_assert!(noted.is_ok(), "this visitor returns no errors");
    found
}

/// A part of a text.
enum Piece<'t> {
    Text(&'t str),
    Reference(&'t str),
}

/// Splits a text into parts, in one pass. Either the whole text is a reference, or references occur in the filter of
/// a PATCH path: `members[value eq "bulkId:a"]`.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let whole = text.strip_prefix(MARK).map(Piece::Reference);
    let rest = if whole.is_some() { "" } else { text };
    let quoted = rest.split_inclusive('"').map(|part| {
        // The text between two quotes, still with the second one.
        match part.strip_prefix(MARK).and_then(|part| part.strip_suffix('"')) {
            Some(reference) => [Piece::Reference(reference), Piece::Text("\"")],
            None => [Piece::Text(part), Piece::Text("")],
        }
    });
    whole.into_iter().chain(quoted.flatten())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_scim::schema::ENTERPRISE_USER;

    use super::*;
    use crate::bulk::Bulk;

    fn post(id: &str, refers_to: &[&str]) -> Value {
        let members: Vec<_> = refers_to.iter().map(|id| json!({ "value": format!("bulkId:{id}") })).collect();
        json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": { "members": members } })
    }

    fn planned(operations: &[Value]) -> Plan {
        plan(&Bulk::parse(&json!({ "Operations": operations }).to_string()).unwrap().operations)
    }

    #[test]
    fn operations_keep_their_order_and_wait_for_what_they_refer_to() {
        let plan = planned(&[
            post("group", &["first", "second"]),
            post("first", &[]),
            json!({ "method": "PATCH", "path": "/Groups/bulkId:second", "data": {} }),
            post("second", &["first", "unknown"]),
        ]);

        assert_eq!(plan, Plan { order: vec![1, 3, 0, 2], circular: vec![] });
    }

    #[test]
    fn circles_are_found_and_do_not_affect_other_operations() {
        let plan = planned(&[post("a", &["b"]), post("b", &["a"]), post("c", &["c"]), post("d", &[])]);

        assert_eq!(plan, Plan { order: vec![3], circular: vec![0, 1, 2] });
    }

    fn resolved(kind: Kind, mut data: Value) -> Value {
        let id_of = |reference: &str| (reference == "a").then(|| "1".to_owned());
        resolve(kind, &mut data, &id_of).unwrap();
        data
    }

    #[test]
    fn references_are_resolved_where_ids_are_and_nowhere_else() {
        let members = json!([{ "value": "bulkId:a", "display": "bulkId:a" }, { "value": "2" }]);
        let done = json!([{ "value": "1", "display": "bulkId:a" }, { "value": "2" }]);
        let (enterprise, manager) = (ENTERPRISE_USER, format!("{ENTERPRISE_USER}:manager"));
        for (kind, sent, wanted) in [
            (
                Kind::Group,
                json!({ "displayName": "bulkId:a", "Members": members }),
                json!({ "displayName": "bulkId:a", "Members": done }),
            ),
            (
                Kind::User,
                json!({ "title": "bulkId:a", "nickName": "the \"bulkId:a\"", "manager": "bulkId:a",
                        enterprise: { "manager": { "value": "bulkId:a" }, "division": "bulkId:a" } }),
                json!({ "title": "bulkId:a", "nickName": "the \"bulkId:a\"", "manager": "1",
                        enterprise: { "manager": { "value": "1" }, "division": "bulkId:a" } }),
            ),
            (
                Kind::Group,
                json!({ "Operations": [
                    { "op": "remove", "path": "members[value eq \"bulkId:a\" or value eq \"bulkId:a\"]" },
                    { "op": "add", "path": "members", "value": members },
                    { "op": "add", "value": { "members": members, "displayName": "bulkId:a" } },
                    { "op": "replace", "path": "displayName", "value": "bulkId:a" },
                ]}),
                json!({ "Operations": [
                    { "op": "remove", "path": "members[value eq \"1\" or value eq \"1\"]" },
                    { "op": "add", "path": "members", "value": done },
                    { "op": "add", "value": { "members": done, "displayName": "bulkId:a" } },
                    { "op": "replace", "path": "displayName", "value": "bulkId:a" },
                ]}),
            ),
            (
                Kind::User,
                json!({ "Operations": [
                    { "op": "add", "path": manager, "value": "bulkId:a" },
                    { "op": "add", "path": format!("{manager}.value"), "value": "bulkId:a" },
                    { "op": "add", "path": enterprise, "value": { "manager": { "$ref": "bulkId:a" } } },
                    { "op": "add", "value": { manager.clone(): "bulkId:a", "title": "bulkId:a" } },
                ]}),
                json!({ "Operations": [
                    { "op": "add", "path": manager, "value": "1" },
                    { "op": "add", "path": format!("{manager}.value"), "value": "1" },
                    { "op": "add", "path": enterprise, "value": { "manager": { "$ref": "1" } } },
                    { "op": "add", "value": { manager.clone(): "1", "title": "bulkId:a" } },
                ]}),
            ),
        ] {
            assert_eq!(resolved(kind, sent.clone()), wanted, "{sent}");
        }
    }

    #[test]
    fn an_unresolvable_reference_is_named() {
        let id_of = |_: &str| None;
        let mut data = json!({ "members": [{ "value": "bulkId:b" }] });

        assert_eq!(resolve(Kind::Group, &mut data, &id_of), Err(Unresolved("b".to_owned())));
        assert_eq!(resolve_id("bulkId:a", &|_| Some("1".to_owned())), Ok("1".to_owned()));
    }

    #[test]
    fn the_cost_of_references_is_linear_in_the_request() {
        let long = |times: usize| {
            let members = format!("members[value eq {}]", "\"bulkId:a\" ".repeat(times));
            json!({ "method": "PATCH", "path": "/Groups/1", "data": { "Operations": [
                { "op": "remove", "path": members, "value": "\"bulkId:a\"".repeat(times) } ] } })
        };
        let began = std::time::Instant::now();
        for _ in 0..2 {
            let operations = [post("a", &[]), long(35_000)];
            assert_eq!(planned(&operations).order, [0, 1]);
            resolved(Kind::Group, operations[1]["data"].clone());
        }

        assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    }
}
