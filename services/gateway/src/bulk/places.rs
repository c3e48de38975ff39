//! The places where the document of a bulk operation may refer to a resource that another operation creates: members,
//! managers, and the filters in the paths of PATCH operations. Everywhere else `bulkId:` is ordinary text.

use serde_json::Value;
use usher_scim::Object;
use usher_scim::schema::{AttrPath, CORE_GROUP, CORE_USER, ENTERPRISE_USER};

use crate::kind::Kind;

/// Calls `visit` with each text that can be or contain a reference.
///
/// # Errors
/// The first error of `visit`.
pub(super) fn each<E>(
    kind: Kind,
    data: &mut Value,
    visit: &mut impl FnMut(&mut String) -> Result<(), E>,
) -> Result<(), E> {
    let Value::Object(data) = data else { return Ok(()) };
    match member(data, "Operations") {
        Some(Value::Array(operations)) => operations
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .try_for_each(|it| operation(kind, it, visit)),
        _ => attributes(kind, data, visit),
    }
}

fn operation<E>(
    kind: Kind,
    operation: &mut Object,
    visit: &mut impl FnMut(&mut String) -> Result<(), E>,
) -> Result<(), E> {
    let mut whole = true;
    let mut refers = false;
    if let Some(Value::String(path)) = member(operation, "path") {
        let name = path.split('[').next().unwrap_or_default();
        refers = is_reference(kind, name);
        whole = AttrPath::parse(name).name.is_empty();
        if refers {
            visit(path)?;
        }
    }
    match member(operation, "value") {
        Some(value) if refers => reference(value, visit),
        Some(Value::Object(named)) if whole => attributes(kind, named, visit),
        _ => Ok(()),
    }
}

/// Visits the members of a resource, of an extension, or of the value of an operation without a path.
fn attributes<E>(
    kind: Kind,
    sent: &mut Object,
    visit: &mut impl FnMut(&mut String) -> Result<(), E>,
) -> Result<(), E> {
    for (name, value) in sent.iter_mut() {
        if is_reference(kind, name) {
            reference(value, visit)?;
        } else if let (true, Value::Object(extension)) = (AttrPath::parse(name).name.is_empty(), value) {
            for (_, value) in extension.iter_mut().filter(|(name, _)| is_reference(kind, name)) {
                reference(value, visit)?;
            }
        }
    }
    Ok(())
}

/// Whether an attribute refers to resources. Its name may have its schema's URN in front.
fn is_reference(kind: Kind, name: &str) -> bool {
    let path = AttrPath::parse(name);
    let (attribute, schemas): (_, &[&str]) = match kind {
        Kind::User => ("manager", &[ENTERPRISE_USER, CORE_USER]),
        Kind::Group => ("members", &[CORE_GROUP]),
    };
    path.name.eq_ignore_ascii_case(attribute) && path.urn.is_none_or(|urn| schemas.contains(&urn.as_str()))
}

/// Visits an id, an object with an id, or a list of these.
fn reference<E>(value: &mut Value, visit: &mut impl FnMut(&mut String) -> Result<(), E>) -> Result<(), E> {
    match value {
        Value::String(text) => visit(text),
        Value::Array(elements) => elements.iter_mut().try_for_each(|element| reference(element, visit)),
        Value::Object(parts) => {
            for (name, part) in parts.iter_mut() {
                let names_one = ["value", "$ref"].iter().any(|known| known.eq_ignore_ascii_case(name));
                if let (true, Value::String(text)) = (names_one, part) {
                    visit(text)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn member<'d>(object: &'d mut Object, name: &str) -> Option<&'d mut Value> {
    object.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
