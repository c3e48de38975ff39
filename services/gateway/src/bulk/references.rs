//! `bulkId:…`: references between the operations of one request, in any order (RFC 7644 section 3.7.2).

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use serde_json::Value;

use super::Operation;

const MARK: &str = "bulkId:";

/// In which order operations are carried out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Positions: as sent, except that who refers to another waits for it.
    pub(crate) order: Vec<usize>,
    /// Positions of those whose references go round in a circle, or lead into one.
    pub(crate) circular: Vec<usize>,
}

/// A reference that names no id yet.
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
        for id in mentioned(operation) {
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

/// Puts ids in the place of references, everywhere in a document.
///
/// # Errors
/// A reference for which `id_of` has no id.
pub(crate) fn resolve(value: &mut Value, id_of: &impl Fn(&str) -> Option<String>) -> Result<(), Unresolved> {
    match value {
        Value::String(text) => {
            if let Some(resolved) = resolved(text, id_of)? {
                *text = resolved;
            }
            Ok(())
        }
        Value::Array(elements) => elements.iter_mut().try_for_each(|element| resolve(element, id_of)),
        Value::Object(members) => members.values_mut().try_for_each(|member| resolve(member, id_of)),
        _ => Ok(()),
    }
}

/// The id that a path names.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn resolve_id(id: &str, id_of: &impl Fn(&str) -> Option<String>) -> Result<String, Unresolved> {
    Ok(resolved(id, id_of)?.unwrap_or_else(|| id.to_owned()))
}

/// A text with its references resolved; none where it has none.
fn resolved(text: &str, id_of: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, Unresolved> {
    if let Some(reference) = text.strip_prefix(MARK) {
        return id_of(reference).map(Some).ok_or_else(|| Unresolved(reference.to_owned()));
    }
    let mut done = text.to_owned();
    for reference in quoted(text) {
        let id = id_of(&reference).ok_or_else(|| Unresolved(reference.clone()))?;
        done = done.replace(&format!("\"{MARK}{reference}\""), &format!("\"{id}\""));
    }
    Ok((done != text).then_some(done))
}

/// The references in a PATCH path: `members[value eq "bulkId:a"]`.
fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).filter_map(|part| part.strip_prefix(MARK)).map(str::to_owned).collect()
}

fn mentioned(operation: &Operation) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(task) = &operation.task {
        collect(&task.data, &mut found);
        found.extend(task.id.strip_prefix(MARK).map(str::to_owned));
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => match text.strip_prefix(MARK) {
            Some(reference) => found.extend([reference.to_owned()]),
            None => found.extend(quoted(text)),
        },
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        Value::Object(members) => members.values().for_each(|member| collect(member, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn circles_are_found_and_keep_nobody_else_from_going_on() {
        let plan = planned(&[post("a", &["b"]), post("b", &["a"]), post("c", &["c"]), post("d", &[])]);

        assert_eq!(plan, Plan { order: vec![3], circular: vec![0, 1, 2] });
    }

    #[test]
    fn references_are_resolved_in_values_and_in_paths() {
        let mut value = json!({ "Operations": [
            { "path": "members[value eq \"bulkId:a\"]" },
            { "value": [{ "value": "bulkId:a" }, { "value": "bulkId" }, { "value": "about bulkId:a" }] },
        ]});
        let id_of = |reference: &str| (reference == "a").then(|| "1".to_owned());

        resolve(&mut value, &id_of).unwrap();

        assert_eq!(
            value,
            json!({ "Operations": [
                { "path": "members[value eq \"1\"]" },
                { "value": [{ "value": "1" }, { "value": "bulkId" }, { "value": "about bulkId:a" }] },
            ]})
        );
        assert_eq!(resolve(&mut json!("bulkId:b"), &id_of), Err(Unresolved("b".to_owned())));
        assert_eq!(resolve_id("bulkId:a", &id_of), Ok("1".to_owned()));
    }
}
