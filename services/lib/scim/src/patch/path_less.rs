//! Operations whose value names the attributes: `{"op":"replace","value":{"name.givenName":"x"}}`.

use serde_json::Value;

use super::operation::Operation;
use super::{Budget, target};
use crate::error::ScimError;
use crate::schema::{AttrPath, ResourceType};
use crate::{Object, Profile};

/// Okta sends the id along, and whole resources come back with what they were read with.
const IGNORED: [&str; 5] = ["id", "schemas", "meta", "groups", "password"];

pub(super) fn apply(
    resource: &mut Object,
    operation: &Operation,
    resource_type: &ResourceType,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    let Some(Value::Object(attributes)) = &operation.value else {
        return Err(ScimError::value(
            "without a \"path\" the \"value\" must be an object that names the attributes",
        ));
    };
    for (name, value) in attributes {
        if profile == Profile::Default && IGNORED.iter().any(|ignored| ignored.eq_ignore_ascii_case(name)) {
            continue;
        }
        apply_named(resource, operation, name, value, resource_type, profile, budget)?;
    }
    Ok(())
}

/// One key of the value: an attribute, a dotted or URN path, or an extension with its attributes.
fn apply_named(
    resource: &mut Object,
    operation: &Operation,
    name: &str,
    value: &Value,
    resource_type: &ResourceType,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    let path = AttrPath::parse(name);
    if let (true, Some(urn), Value::Object(parts)) = (path.name.is_empty(), &path.urn, value) {
        // Some clients say inside an extension which one it is.
        for (part, value) in parts.iter().filter(|(part, _)| !part.eq_ignore_ascii_case("schemas")) {
            let name = format!("{urn}:{part}");
            apply_named(resource, operation, &name, value, resource_type, profile, budget)?;
        }
        return Ok(());
    }
    let known = name.contains('[') || path.resolve_as(resource_type, profile).is_some();
    if !known && profile == Profile::Default {
        // As in POST: a client may send more than we keep.
        return Ok(());
    }
    let named = Operation { op: operation.op, path: Some(name.to_owned()), value: Some(value.clone()) };
    target::apply(resource, &named, name, resource_type, profile, budget)
}
