//! Judging a filter on a resource in memory, typed by the schema.

use std::cmp::Ordering;

use serde_json::Value;

use crate::Object;
use crate::filter::{CompareOp, Comparison, Filter, Literal};
use crate::schema::{AttrPath, Attribute, Kind, ResourceType};

/// Whether a whole resource, as rendered, fulfils the filter. Unknown attributes have no value.
pub fn matches(filter: &Filter, resource: &Object, resource_type: &ResourceType) -> bool {
    match filter {
        Filter::And(left, right) => {
            matches(left, resource, resource_type) && matches(right, resource, resource_type)
        }
        Filter::Or(left, right) => {
            matches(left, resource, resource_type) || matches(right, resource, resource_type)
        }
        Filter::Not(inner) => !matches(inner, resource, resource_type),
        Filter::Present(path) => {
            values(path, resource, resource_type).iter().any(|(_, value)| is_present(value))
        }
        Filter::Compare(comparison) => {
            let found = values(&comparison.path, resource, resource_type);
            holds_for_any(comparison, &found)
        }
        Filter::ValuePath(path, inner) => {
            let Some(found) = path.resolve(resource_type) else { return false };
            lookup(resource, found.extension, found.attribute.name)
                .map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_object)
                .any(|element| matches_element(inner, element, found.attribute))
        }
    }
}

/// Whether one element of a multi-valued attribute fulfils the filter of a value path.
pub fn matches_element(filter: &Filter, element: &Object, attribute: &Attribute) -> bool {
    let part = |path: &AttrPath| {
        let sub = attribute.sub(&path.name)?;
        Some((sub, element.get(sub.name)?))
    };
    match filter {
        Filter::And(left, right) => {
            matches_element(left, element, attribute) && matches_element(right, element, attribute)
        }
        Filter::Or(left, right) => {
            matches_element(left, element, attribute) || matches_element(right, element, attribute)
        }
        Filter::Not(inner) => !matches_element(inner, element, attribute),
        Filter::Present(path) => part(path).is_some_and(|(_, value)| is_present(value)),
        Filter::Compare(comparison) => {
            let found: Vec<_> = part(&comparison.path).into_iter().collect();
            holds_for_any(comparison, &found)
        }
        Filter::ValuePath(..) => false,
    }
}

fn lookup<'r>(resource: &'r Object, extension: Option<&str>, name: &str) -> Option<&'r Value> {
    match extension {
        None => resource.get(name),
        Some(urn) => resource.get(urn)?.get(name),
    }
}

/// The values a path leads to, each with its attribute; those of all elements of a list.
fn values<'r, 's>(
    path: &AttrPath,
    resource: &'r Object,
    resource_type: &'s ResourceType,
) -> Vec<(&'s Attribute, &'r Value)> {
    let Some(found) = path.resolve(resource_type) else { return Vec::new() };
    let Some(value) = lookup(resource, found.extension, found.attribute.name) else { return Vec::new() };
    let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    // `emails eq "x"` compares the values (RFC 7644 section 3.4.2.2).
    let sub = found.sub.or_else(|| found.attribute.sub("value"));
    match sub {
        None => elements.iter().map(|element| (found.attribute, element)).collect(),
        Some(sub) => elements.iter().filter_map(|element| Some((sub, element.get(sub.name)?))).collect(),
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        _ => true,
    }
}

fn holds_for_any(comparison: &Comparison, values: &[(&Attribute, &Value)]) -> bool {
    let present: Vec<_> = values.iter().filter(|(_, value)| is_present(value)).collect();
    match (comparison.op, &comparison.value) {
        (CompareOp::Eq, Literal::Null) => present.is_empty(),
        (CompareOp::Ne, Literal::Null) => !present.is_empty(),
        // What has no value differs from every value.
        (CompareOp::Ne, _) => !present
            .iter()
            .any(|(attribute, value)| compare(attribute, value, &comparison.value) == Some(Ordering::Equal)),
        (op, literal) => present.iter().any(|(attribute, value)| holds(op, attribute, value, literal)),
    }
}

fn holds(op: CompareOp, attribute: &Attribute, value: &Value, literal: &Literal) -> bool {
    let order = || compare(attribute, value, literal);
    let text = |test: fn(&str, &str) -> bool| match (value, literal) {
        (Value::String(value), Literal::String(literal)) if attribute.case_exact => test(value, literal),
        (Value::String(value), Literal::String(literal)) => {
            test(&value.to_lowercase(), &literal.to_lowercase())
        }
        _ => false,
    };
    match op {
        CompareOp::Eq => order() == Some(Ordering::Equal),
        CompareOp::Ne => order() != Some(Ordering::Equal),
        CompareOp::Gt => order() == Some(Ordering::Greater),
        CompareOp::Ge => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        CompareOp::Lt => order() == Some(Ordering::Less),
        CompareOp::Le => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
        CompareOp::Co => text(|value, part| value.contains(part)),
        CompareOp::Sw => text(|value, part| value.starts_with(part)),
        CompareOp::Ew => text(|value, part| value.ends_with(part)),
    }
}

fn compare(attribute: &Attribute, value: &Value, literal: &Literal) -> Option<Ordering> {
    match (attribute.kind, value, literal) {
        (Kind::Boolean, Value::Bool(value), Literal::Boolean(literal)) => Some(value.cmp(literal)),
        // Entra writes booleans as strings: roles[primary eq "True"].
        (Kind::Boolean, Value::Bool(value), Literal::String(text)) => {
            Some(value.cmp(&crate::coerce::boolean_text(text)?))
        }
        (Kind::DateTime, Value::String(value), Literal::String(literal)) => {
            let value: jiff::Timestamp = value.parse().ok()?;
            Some(value.cmp(&literal.parse().ok()?))
        }
        (_, Value::String(value), Literal::String(literal)) if attribute.case_exact => {
            Some(value.as_str().cmp(literal))
        }
        (_, Value::String(value), Literal::String(literal)) => {
            Some(value.to_lowercase().cmp(&literal.to_lowercase()))
        }
        // An unquoted number or word that means the text.
        (_, Value::String(value), Literal::Number(number)) => Some(value.as_str().cmp(&number.to_string())),
        (_, Value::String(value), Literal::Boolean(literal)) => {
            Some(value.to_lowercase().as_str().cmp(if *literal { "true" } else { "false" }))
        }
        _ => None,
    }
}
