//! Applies operations to multi-valued attributes and their elements.

use serde_json::Value;

use crate::error::{ScimError, ScimType, short};
use crate::eval::matches_element;
use crate::filter::{CompareOp, Filter, Literal, bind_element};
use crate::patch::Budget;
use crate::patch::operation::{Op, Operation};
use crate::schema::Attribute;
use crate::slot::Slot;
use crate::{Object, Profile, coerce};

/// Applies an operation to `emails[type eq "work"]` or `emails[type eq "work"].value`.
pub(super) fn apply(
    resource: &mut Object,
    operation: &Operation,
    slot: &Slot<'_>,
    filter: &Filter,
    sub: Option<&Attribute>,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    let bound = bind_element(filter, slot.attribute).map_err(|error| super::invalid_path(error.detail))?;
    let write = Write::read(operation, slot, sub, profile)?;
    let mut elements = take(resource, slot);
    budget.spend(filter.terms(), elements.iter().map(size))?;
    let selected: Vec<usize> =
        (0..elements.len()).filter(|at| matches_element(&bound, &elements[*at])).collect();
    if selected.is_empty() {
        match (&write, profile) {
            (_, Profile::Strict) => {
                return Err(nothing_selected(slot, filter));
            }
            (Write::Clear, Profile::Default) => {
                store(resource, slot, elements, &[]);
                return Ok(());
            }
            (_, Profile::Default) => {
                let Some(mut made) = described(filter, slot.attribute, profile)? else {
                    return Err(nothing_selected(slot, filter));
                };
                write.apply_to(&mut made, sub);
                elements.push(made);
                check_size(slot, &elements)?;
                let last = elements.len() - 1;
                store(resource, slot, elements, &[last]);
                return Ok(());
            }
        }
    }
    if matches!((&write, sub), (Write::Clear, None)) {
        let mut going = selected.iter().copied().peekable();
        let mut at = 0;
        elements.retain(|_| {
            let goes = going.next_if_eq(&at).is_some();
            at += 1;
            !goes
        });
        store(resource, slot, elements, &[]);
        return Ok(());
    }
    for at in &selected {
        write.apply_to(&mut elements[*at], sub);
    }
    store(resource, slot, elements, &selected);
    Ok(())
}

/// Applies an operation to `emails.value`: the sub-attribute of every element.
pub(super) fn apply_to_all(
    resource: &mut Object,
    operation: &Operation,
    slot: &Slot<'_>,
    sub: &Attribute,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    let write = Write::read(operation, slot, Some(sub), profile)?;
    let mut elements = take(resource, slot);
    budget.spend(1, elements.iter().map(size))?;
    if elements.is_empty() && !matches!(write, Write::Clear) {
        elements.push(Object::new());
    }
    for element in &mut elements {
        write.apply_to(element, Some(sub));
    }
    let touched: Vec<usize> = (0..elements.len()).collect();
    store(resource, slot, elements, &touched);
    Ok(())
}

/// Applies an operation to `emails`: the whole list.
pub(super) fn apply_to_list(
    resource: &mut Object,
    operation: &Operation,
    slot: &Slot<'_>,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    let sent = match &operation.value {
        None => None,
        Some(value) => coerce::attribute(slot.attribute, value, profile).map_err(ScimError::value)?,
    };
    let sent: Vec<Object> = match sent {
        Some(Value::Array(sent)) => sent.into_iter().filter_map(into_object).collect(),
        _ => Vec::new(),
    };
    let mut current = take(resource, slot);
    budget.spend(sent.len(), current.iter().map(size))?;
    match operation.op {
        Op::Replace => store(resource, slot, sent, &[]),
        Op::Add => {
            let mut touched = Vec::new();
            for element in sent {
                if let Some(at) = current.iter().position(|known| same(known, &element)) {
                    current[at].extend(element);
                    touched.push(at);
                } else {
                    touched.push(current.len());
                    current.push(element);
                }
            }
            check_size(slot, &current)?;
            store(resource, slot, current, &touched);
        }
        // Removes the elements that the value names, or all if there is no value (RFC 7644 section 3.5.2.2,
        // and Entra's old dialect).
        Op::Remove if operation.value.as_ref().is_none_or(Value::is_null) => {
            slot.clear(resource);
        }
        Op::Remove => {
            current.retain(|known| !sent.iter().any(|element| same_value(known, element)));
            store(resource, slot, current, &[]);
        }
    }
    Ok(())
}

/// What an operation writes to an element.
enum Write {
    Clear,
    Part(Value),
    /// Sets these sub-attributes and keeps the others.
    Parts(Object),
    /// Replaces the whole element, as RFC 7644 says to the letter.
    Whole(Object),
}

impl Write {
    fn read(
        operation: &Operation,
        slot: &Slot<'_>,
        sub: Option<&Attribute>,
        profile: Profile,
    ) -> Result<Self, ScimError> {
        let (Op::Add | Op::Replace, Some(value)) = (operation.op, &operation.value) else {
            return Ok(Self::Clear);
        };
        if let Some(sub) = sub {
            let value = coerce::part(slot.attribute, sub, value, profile).map_err(ScimError::value)?;
            return Ok(value.map_or(Self::Clear, Self::Part));
        }
        // Some clients wrap the element in a list.
        let value = match value {
            Value::Array(elements) if elements.len() == 1 => &elements[0],
            other => other,
        };
        if value.is_null() || value.as_str() == Some("") {
            return Ok(Self::Clear);
        }
        match coerce::element(slot.attribute, value, profile).map_err(ScimError::value)? {
            Some(parts) if profile == Profile::Strict && operation.op == Op::Replace => {
                Ok(Self::Whole(parts))
            }
            Some(parts) => Ok(Self::Parts(parts)),
            // Sub-attributes that are no element by themselves, such as {"primary": true}, still change an
            // element.
            None => value
                .as_object()
                .map(|parts| Self::Parts(canonical_parts(slot.attribute, parts, profile)))
                .ok_or_else(|| {
                    ScimError::value(format!("an element of {} must be an object", slot.attribute.name))
                }),
        }
    }

    fn apply_to(&self, element: &mut Object, sub: Option<&Attribute>) {
        match (self, sub) {
            (Self::Part(value), Some(sub)) => {
                element.insert(sub.name.to_string(), value.clone());
            }
            (Self::Clear, Some(sub)) => {
                element.shift_remove(sub.name.as_ref());
            }
            (Self::Whole(parts), _) => element.clone_from(parts),
            (Self::Parts(parts), _) => element.extend(parts.clone()),
            (Self::Clear | Self::Part(_), None) => {}
        }
    }
}

fn canonical_parts(attribute: &Attribute, parts: &Object, profile: Profile) -> Object {
    parts
        .iter()
        .filter_map(|(name, value)| {
            let sub = attribute.sub(name)?;
            Some((sub.name.to_string(), coerce::part(attribute, sub, value, profile).ok()??))
        })
        .collect()
}

/// Returns the element that a filter of `eq` terms describes; `None` for any other filter.
fn described(filter: &Filter, attribute: &Attribute, profile: Profile) -> Result<Option<Object>, ScimError> {
    let Some(terms) = filter.conjunction() else { return Ok(None) };
    let mut element = Object::new();
    for term in terms {
        let (CompareOp::Eq, Some(sub)) = (term.op, attribute.sub(&term.path.name)) else { return Ok(None) };
        let value = match &term.value {
            Literal::String(text) => Value::from(text.as_str()),
            Literal::Boolean(value) => Value::Bool(*value),
            Literal::Number(number) => Value::from(number.as_str()),
            Literal::Null => return Ok(None),
        };
        if let Some(value) = coerce::part(attribute, sub, &value, profile).map_err(ScimError::value)? {
            element.insert(sub.name.to_string(), value);
        }
    }
    Ok(Some(element))
}

/// Checks only lists that grow: a list that was already longer than the limit can still be shortened.
fn check_size(slot: &Slot<'_>, elements: &[Object]) -> Result<(), ScimError> {
    coerce::check_size(slot.attribute, elements.len()).map_err(ScimError::value)
}

fn nothing_selected(slot: &Slot<'_>, filter: &Filter) -> ScimError {
    let detail = format!("no element of {} matches {}", slot.attribute.name, short(&filter.to_string()));
    ScimError::new(ScimType::NoTarget, detail)
}

/// Takes the elements out of the resource; [`store`] puts them back. A failed operation ends the whole PATCH,
/// so nothing is lost.
fn take(resource: &mut Object, slot: &Slot<'_>) -> Vec<Object> {
    match slot.get_mut(resource).map(Value::take) {
        Some(Value::Array(elements)) => elements.into_iter().filter_map(into_object).collect(),
        _ => Vec::new(),
    }
}

/// Returns the size of an element's texts, in bytes.
fn size(element: &Object) -> usize {
    element.values().filter_map(Value::as_str).map(str::len).sum()
}

/// Stores the elements. Empty elements are dropped, and only the element that was changed last stays primary.
fn store(resource: &mut Object, slot: &Slot<'_>, mut elements: Vec<Object>, touched: &[usize]) {
    let is_primary = |element: &Object| element.get("primary") == Some(&Value::Bool(true));
    if let Some(winner) = touched.iter().rev().copied().find(|at| elements.get(*at).is_some_and(is_primary)) {
        for (at, element) in elements.iter_mut().enumerate() {
            if at != winner && is_primary(element) {
                element.insert("primary".to_owned(), false.into());
            }
        }
    }
    elements.retain(|element| element.keys().any(|name| name != "type" && name != "primary"));
    slot.set(resource, Value::Array(elements.into_iter().map(Value::Object).collect()));
}

/// Returns whether two elements are the same: equal in value and type, or equal in everything if they have no
/// value.
fn same(known: &Object, sent: &Object) -> bool {
    match (known.get("value"), sent.get("value")) {
        (Some(a), Some(b)) => a == b && (sent.get("type").is_none() || known.get("type") == sent.get("type")),
        _ => known == sent,
    }
}

/// Returns whether an element is the one that a removal names: only the value is compared.
fn same_value(known: &Object, sent: &Object) -> bool {
    match (known.get("value"), sent.get("value")) {
        (Some(a), Some(b)) => a == b,
        _ => known == sent,
    }
}

fn into_object(value: Value) -> Option<Object> {
    match value {
        Value::Object(parts) => Some(parts),
        _ => None,
    }
}
