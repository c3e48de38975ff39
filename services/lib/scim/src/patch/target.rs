//! Applies operations that have a path.

mod element;

use serde_json::Value;

use super::operation::{Op, Operation};
use super::{Budget, path_less};
use crate::error::{ScimError, ScimType, short};
use crate::filter::parse_patch_path;
use crate::schema::{Attribute, Kind, Mutability, ResourceType};
use crate::slot::Slot;
use crate::user::merge;
use crate::{Object, Profile, coerce};

pub(super) fn apply(
    resource: &mut Object,
    operation: &Operation,
    text: &str,
    resource_type: &ResourceType,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    let shown = short(text);
    let (path, filter, element_part) = parse_patch_path(text, profile)
        .map_err(|error| invalid_path(format!("the path {shown:?} can't be read: {error}")))?;
    if path.name.is_empty() && filter.is_none() {
        let urn = path.urn.unwrap_or_default();
        return apply_extension(resource, operation, &urn, resource_type, profile, budget);
    }
    if profile == Profile::Default && text.eq_ignore_ascii_case("password") {
        // As in POST, clients may set this attribute, and Usher does not store it.
        return Ok(());
    }
    let found = path
        .resolve_as(resource_type, profile)
        .ok_or_else(|| invalid_path(format!("the path {shown:?} names an unknown attribute")))?;
    let slot = Slot::from(found);
    let sub = match element_part {
        None => found.sub,
        Some(name) => Some(slot.attribute.sub(&name).ok_or_else(|| {
            let of = &slot.attribute.name;
            invalid_path(format!(
                "the path {shown:?} names an unknown sub-attribute of {of}: {}",
                short(&name)
            ))
        })?),
    };
    let fixed = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
    if fixed(slot.attribute) || sub.is_some_and(fixed) {
        return Err(ScimError::new(ScimType::Mutability, format!("{shown} can't be changed by a client")));
    }
    match (filter, sub) {
        (Some(filter), sub) if slot.attribute.multi_valued => {
            element::apply(resource, operation, &slot, &filter, sub, profile, budget)
        }
        (Some(_), _) => Err(invalid_path(format!("the path {shown:?} has a filter, but names no list"))),
        (None, Some(sub)) if slot.attribute.multi_valued => {
            element::apply_to_all(resource, operation, &slot, sub, profile, budget)
        }
        (None, Some(sub)) => apply_part(resource, operation, &slot, sub, profile),
        (None, None) if slot.attribute.multi_valued => {
            element::apply_to_list(resource, operation, &slot, profile, budget)
        }
        (None, None) => apply_whole(resource, operation, &slot, profile),
    }
}

pub(super) fn invalid_path(detail: String) -> ScimError {
    ScimError::new(ScimType::InvalidPath, detail)
}

/// Applies an operation whose path is the URN of a schema: the value holds the schema's attributes.
fn apply_extension(
    resource: &mut Object,
    operation: &Operation,
    urn: &str,
    resource_type: &ResourceType,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    let mut known = resource_type.extensions.iter().chain([&resource_type.schema]);
    let schema = known
        .find(|schema| schema.id == urn)
        .ok_or_else(|| invalid_path(format!("there is no extension {:?}", short(urn))))?;
    let is_core = schema.id == resource_type.schema.id;
    match (operation.op, &operation.value) {
        (Op::Remove, _) | (Op::Replace, Some(Value::Null)) if !is_core => {
            resource.shift_remove(schema.id);
            Ok(())
        }
        (_, Some(Value::Object(parts))) => {
            path_less::check_repetition(schema.id, parts, resource_type, profile)?;
            // Some clients send `schemas` inside an extension.
            for (name, value) in parts.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("schemas")) {
                let path = format!("{}:{name}", schema.id);
                let part =
                    Operation { op: operation.op, path: Some(path.clone()), value: Some(value.clone()) };
                apply(resource, &part, &path, resource_type, profile, budget)?;
            }
            Ok(())
        }
        _ => Err(ScimError::value(format!("the value of {urn} must be an object"))),
    }
}

/// Applies an operation to a single attribute, simple or complex.
fn apply_whole(
    resource: &mut Object,
    operation: &Operation,
    slot: &Slot<'_>,
    profile: Profile,
) -> Result<(), ScimError> {
    let value = match (operation.op, &operation.value) {
        (Op::Remove, _) | (_, None) => None,
        (_, Some(value)) => coerce::attribute(slot.attribute, value, profile).map_err(ScimError::value)?,
    };
    match value {
        Some(value) => merge(slot, resource, value),
        // Adding nothing changes nothing.
        None if operation.op == Op::Add && adds_nothing(slot, operation) => {}
        // An empty value neither activates nor deactivates a user.
        None if slot.attribute.name == "active" && profile == Profile::Default => {}
        None if slot.attribute.name == "active" => {
            return Err(ScimError::value("active is true or false and can't be cleared"));
        }
        None if slot.attribute.required => {
            return Err(ScimError::value(format!(
                "{} is required and can't be cleared",
                slot.attribute.name
            )));
        }
        None => slot.clear(resource),
    }
    Ok(())
}

/// Returns whether an operation's value is an empty object or list. `""` and `null` mean that there is no
/// value.
fn adds_nothing(slot: &Slot<'_>, operation: &Operation) -> bool {
    let is_empty = match &operation.value {
        Some(Value::Object(parts)) => parts.is_empty(),
        Some(Value::Array(elements)) => elements.is_empty(),
        _ => false,
    };
    is_empty && slot.attribute.kind == Kind::Complex
}

/// Applies an operation to a sub-attribute of a single complex attribute.
fn apply_part(
    resource: &mut Object,
    operation: &Operation,
    slot: &Slot<'_>,
    sub: &Attribute,
    profile: Profile,
) -> Result<(), ScimError> {
    if slot.attribute.kind != Kind::Complex {
        return Err(invalid_path(format!("{} has no sub-attributes", slot.attribute.name)));
    }
    let value = match (operation.op, &operation.value) {
        (Op::Remove, _) | (_, None) => None,
        (_, Some(value)) => coerce::part(slot.attribute, sub, value, profile).map_err(ScimError::value)?,
    };
    // A reference without an id is no reference.
    if value.is_none() && sub.name == "value" {
        slot.clear(resource);
        return Ok(());
    }
    let mut whole = slot.get(resource).and_then(Value::as_object).cloned().unwrap_or_default();
    match value {
        Some(value) => whole.insert(sub.name.to_string(), value),
        None => whole.shift_remove(sub.name.as_ref()),
    };
    slot.set(resource, Value::Object(whole));
    Ok(())
}
