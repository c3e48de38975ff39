//! Applies operations whose value names the attributes: `{"op":"replace","value":{"name.givenName":"x"}}`.

use std::collections::HashMap;

use serde_json::Value;

use super::operation::Operation;
use super::{Budget, target};
use crate::error::ScimError;
use crate::schema::{AttrPath, Attribute, ResourceType};
use crate::slot::Slot;
use crate::{Object, Profile, coerce, repetition};

/// Okta sends the id, and clients that send back whole resources include the others.
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
    check_repetition("", attributes, resource_type, profile)?;
    for (name, value) in attributes {
        if profile == Profile::Default && IGNORED.iter().any(|ignored| ignored.eq_ignore_ascii_case(name)) {
            continue;
        }
        apply_named(resource, operation, name, value, resource_type, profile, budget)?;
    }
    Ok(())
}

/// Refuses an object that sets one attribute several times to different values: the keys of an object have no
/// order, so that none of the values is the last. `urn` is the schema of the attributes.
pub(super) fn check_repetition(
    urn: &str,
    attributes: &Object,
    resource_type: &ResourceType,
    profile: Profile,
) -> Result<(), ScimError> {
    let mut named = Vec::new();
    collect(urn, attributes, resource_type, profile, &mut named);
    let place = |slot: &Slot<'_>| (slot.extension, slot.attribute.name.clone());
    let mut times = HashMap::new();
    for (slot, ..) in &named {
        *times.entry(place(slot)).or_insert(0) += 1;
    }
    // Names that can't be parsed are refused when they are applied.
    let written: Vec<_> = named
        .into_iter()
        .filter(|(slot, ..)| times[&place(slot)] > 1)
        .filter_map(|(slot, part, value)| {
            let value = match part {
                None => coerce::attribute(slot.attribute, value, profile),
                Some(part) => coerce::part(slot.attribute, part, value, profile),
            };
            Some((slot, part.map(|part| &*part.name), value.ok()?))
        })
        .collect();
    let written = written.iter().map(|(slot, part, value)| (slot, *part, value.as_ref()));
    match repetition::faults(written).into_iter().next() {
        Some(fault) => Err(ScimError::value(fault)),
        None => Ok(()),
    }
}

/// Collects the places that an object names, with their values as sent. Elements of lists are omitted,
/// because there may be many.
fn collect<'r, 'v>(
    urn: &str,
    attributes: &'v Object,
    resource_type: &'r ResourceType,
    profile: Profile,
    named: &mut Vec<(Slot<'r>, Option<&'r Attribute>, &'v Value)>,
) {
    for (name, value) in attributes {
        let path =
            if urn.is_empty() { AttrPath::parse(name) } else { AttrPath::parse(&format!("{urn}:{name}")) };
        if let (true, true, Some(within), Value::Object(parts)) =
            (urn.is_empty(), path.name.is_empty(), &path.urn, value)
        {
            collect(within, parts, resource_type, profile, named);
        } else if let (true, true, Some(within), Value::Null) =
            (urn.is_empty(), path.name.is_empty(), &path.urn, value)
        {
            // `null` clears each attribute of the extension.
            let extension =
                resource_type.extensions.iter().find(|schema| schema.id.eq_ignore_ascii_case(within));
            for attribute in extension.into_iter().flat_map(|schema| &schema.attributes) {
                named.push((Slot { extension: extension.map(|schema| schema.id), attribute }, None, value));
            }
        } else if let Some(found) = path.resolve_as(resource_type, profile) {
            let slot = Slot::from(found);
            if found.sub.is_none() || !slot.attribute.multi_valued {
                named.push((slot, found.sub, value));
            }
        }
    }
}

/// Applies one key of the value: an attribute, a dotted path, a path with URN, or an extension with its
/// attributes.
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
        // Some clients send `schemas` inside an extension.
        for (part, value) in parts.iter().filter(|(part, _)| !part.eq_ignore_ascii_case("schemas")) {
            let name = format!("{urn}:{part}");
            apply_named(resource, operation, &name, value, resource_type, profile, budget)?;
        }
        return Ok(());
    }
    if let (true, Some(urn), Value::Null, Profile::Default) =
        (path.name.is_empty(), &path.urn, value, profile)
        && resource_type.extensions.iter().any(|schema| schema.id == urn)
    {
        // As in POST and PUT, `null` in place of an extension clears it.
        resource.shift_remove(urn);
        return Ok(());
    }
    let known = name.contains('[') || path.resolve_as(resource_type, profile).is_some();
    if !known && profile == Profile::Default {
        // As in POST, attributes that Usher does not store are ignored.
        return Ok(());
    }
    let named = Operation { op: operation.op, path: Some(name.to_owned()), value: Some(value.clone()) };
    target::apply(resource, &named, name, resource_type, profile, budget)
}
