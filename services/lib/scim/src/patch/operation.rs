//! Parses the PatchOp message.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{ScimError, ScimType, short};
use crate::{Object, Profile};

/// The maximum length of a path, in bytes.
const MAX_PATH: usize = 1 << 10;
/// The maximum number of operations per request.
pub const MAX_OPERATIONS: usize = 5_000;
/// The schema of the message (RFC 7644 section 3.5.2).
const MESSAGE: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum Op {
    Add,
    Replace,
    Remove,
}

/// One operation of a PATCH.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// What the operation does.
    pub op: Op,
    /// The path; `None` if the value names the attributes.
    pub path: Option<String>,
    /// The value; `None` if the client sent none, which differs from `null`.
    pub value: Option<Value>,
}

/// Parses the body of a PATCH. Keys and operation names may be in any case; other keys are ignored.
///
/// # Errors
/// `invalidSyntax` if the body is not a PatchOp message, or has no operation or too many; `noTarget` if a
/// removal has no path.
pub fn parse(body: &Value, profile: Profile) -> Result<Vec<Operation>, ScimError> {
    let schemas = body.get("schemas").and_then(Value::as_array);
    if profile == Profile::Strict && !schemas.is_some_and(|schemas| schemas.contains(&MESSAGE.into())) {
        return Err(ScimError::syntax(format!("\"schemas\" must be a list with {MESSAGE:?}")));
    }
    let operations = body
        .as_object()
        .and_then(|body| member(body, "Operations", profile))
        .and_then(Value::as_array)
        .ok_or_else(|| ScimError::syntax("the body must be a PatchOp message with a list \"Operations\""))?;
    if operations.is_empty() {
        return Err(ScimError::syntax("\"Operations\" is empty; a PATCH needs at least one operation"));
    }
    if operations.len() > MAX_OPERATIONS {
        let detail = format!("{} operations are too many; send at most {MAX_OPERATIONS}", operations.len());
        return Err(ScimError::syntax(detail));
    }
    operations
        .iter()
        .enumerate()
        .map(|(index, operation)| read(operation, profile).map_err(|error| super::numbered(index, &error)))
        .collect()
}

/// Returns the operations that can be parsed, however many there are and whatever is wrong with the others.
pub(crate) fn readable(body: &Value, profile: Profile) -> impl Iterator<Item = Operation> {
    let sent =
        body.as_object().and_then(|body| member(body, "Operations", profile)).and_then(Value::as_array);
    sent.into_iter().flatten().filter_map(move |operation| read(operation, profile).ok())
}

fn read(operation: &Value, profile: Profile) -> Result<Operation, ScimError> {
    let operation =
        operation.as_object().ok_or_else(|| ScimError::syntax("an operation must be an object"))?;
    let name = member(operation, "op", profile).and_then(Value::as_str).unwrap_or_default();
    let op = [("add", Op::Add), ("replace", Op::Replace), ("remove", Op::Remove)]
        .into_iter()
        .find(|(known, _)| match profile {
            Profile::Default => known.eq_ignore_ascii_case(name),
            Profile::Strict => *known == name,
        })
        .map(|(_, op)| op)
        .ok_or_else(|| {
            ScimError::syntax(format!("\"op\" must be add, replace or remove, not {:?}", short(name)))
        })?;
    let path = match member(operation, "path", profile) {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.is_empty() => None,
        Some(Value::String(path)) if path.len() > MAX_PATH => {
            let detail = format!("\"path\" has {} bytes; it can have at most {MAX_PATH}", path.len());
            return Err(ScimError::new(ScimType::InvalidPath, detail));
        }
        Some(Value::String(path)) => Some(path.clone()),
        Some(_) => return Err(ScimError::new(ScimType::InvalidPath, "\"path\" must be a string")),
    };
    let value = member(operation, "value", profile).cloned();
    if op == Op::Remove && path.is_none() {
        return Err(ScimError::new(ScimType::NoTarget, "a remove operation needs a \"path\""));
    }
    if op == Op::Remove && value.is_some() && profile == Profile::Strict {
        return Err(ScimError::syntax(
            "a remove operation takes no \"value\"; select elements by a filter in \"path\"",
        ));
    }
    if op != Op::Remove && value.is_none() {
        return Err(ScimError::syntax(format!("{name:?} needs a \"value\"")));
    }
    Ok(Operation { op, path, value })
}

fn member<'a>(object: &'a Object, name: &str, profile: Profile) -> Option<&'a Value> {
    object.get(name).or_else(|| match profile {
        Profile::Strict => None,
        Profile::Default => {
            object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        }
    })
}
