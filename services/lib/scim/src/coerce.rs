//! Converts the value that a client sent for one attribute to its canonical form.
//!
//! The canonical value of a single complex attribute may hold `null` for a sub-attribute that the client
//! clears; [`without_nulls`] removes these before the value is stored.

use serde_json::Value;

use crate::error::short;
use crate::schema::{Attribute, Kind, Mutability, Vocabulary};
use crate::time::storable_time;
use crate::{Object, Profile};

/// What is wrong with a value, in words for the client's admin.
pub(crate) type Violation = String;

/// Returns the canonical value, or `None` if the value means "no value".
pub(crate) fn attribute(
    attribute: &Attribute,
    value: &Value,
    profile: Profile,
) -> Result<Option<Value>, Violation> {
    if is_blank(value) {
        return Ok(None);
    }
    if attribute.multi_valued {
        return elements(attribute, value, profile);
    }
    match attribute.kind {
        Kind::Complex => complex(attribute, value, profile),
        _ => simple(attribute, value, profile).map(Some),
    }
}

/// Returns the canonical value of a sub-attribute, or `None` if the value means "no value".
pub(crate) fn part(
    parent: &Attribute,
    sub: &Attribute,
    value: &Value,
    profile: Profile,
) -> Result<Option<Value>, Violation> {
    if is_blank(value) {
        return Ok(None);
    }
    let value = if parent.name == "roles" && sub.name == "value" { role_value(value) } else { value.clone() };
    simple(sub, &value, profile).map(Some).map_err(|violation| format!("{}.{violation}", parent.name))
}

/// Returns one element of a multi-valued attribute, or `None` if the element is empty.
pub(crate) fn element(
    attribute: &Attribute,
    value: &Value,
    profile: Profile,
) -> Result<Option<Object>, Violation> {
    let element = match value {
        Value::Object(parts) => object(attribute, parts, profile)?,
        // A role may be a JSON document in a string (Entra's SingleAppRoleAssignment).
        Value::String(text)
            if attribute.name == "roles"
                && profile == Profile::Default
                && text.trim_start().starts_with('{') =>
        {
            match serde_json::from_str::<Value>(text) {
                Ok(Value::Object(parts)) => object(attribute, &role_parts(&parts), profile)?,
                _ => bare(attribute, value, profile)?,
            }
        }
        _ if attribute.has_value() && !value.is_array() && profile == Profile::Default => {
            bare(attribute, value, profile)?
        }
        _ => return Err(format!("{} must be a list of objects", attribute.name)),
    };
    let element = without_nulls(element);
    let says_something = element.keys().any(|name| name != "type" && name != "primary");
    Ok(says_something.then_some(element))
}

/// Removes the `null` of each sub-attribute that the client clears.
pub(crate) fn without_nulls(mut parts: Object) -> Object {
    parts.retain(|_, value| !value.is_null());
    parts
}

/// Parses `true` and `false` in any case.
pub(crate) fn boolean_text(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        _ => false,
    }
}

fn bare(attribute: &Attribute, value: &Value, profile: Profile) -> Result<Object, Violation> {
    let mut parts = Object::new();
    parts.insert("value".to_owned(), value.clone());
    object(attribute, &parts, profile)
}

fn elements(attribute: &Attribute, value: &Value, profile: Profile) -> Result<Option<Value>, Violation> {
    let sent = match value {
        Value::Array(sent) => sent,
        _ if profile == Profile::Strict => return Err(format!("{} must be a list", attribute.name)),
        value => std::slice::from_ref(value),
    };
    check_size(attribute, sent.len())?;
    let mut found = Vec::with_capacity(sent.len());
    for value in sent {
        if is_blank(value) {
            continue;
        }
        if let Some(parts) = element(attribute, value, profile)? {
            found.push(parts);
        }
    }
    keep_last_primary(&mut found);
    Ok((!found.is_empty()).then(|| Value::Array(found.into_iter().map(Value::Object).collect())))
}

/// Refuses lists with more values than the attribute allows.
pub(crate) fn check_size(attribute: &Attribute, elements: usize) -> Result<(), Violation> {
    let most = attribute.max_values;
    if elements > most {
        return Err(format!("{} has {elements} values; it can have at most {most}", attribute.name));
    }
    Ok(())
}

/// At most one element is primary (RFC 7643 section 2.4): keeps the last one that is marked so.
fn keep_last_primary(elements: &mut [Object]) {
    let mut seen = false;
    for element in elements.iter_mut().rev() {
        if element.get("primary") == Some(&Value::Bool(true)) {
            if seen {
                element.insert("primary".to_owned(), false.into());
            }
            seen = true;
        }
    }
}

fn complex(attribute: &Attribute, value: &Value, profile: Profile) -> Result<Option<Value>, Violation> {
    let value = match value {
        // A manager is sent as an object, as a list with one object, or as an id alone.
        Value::Array(elements) if elements.len() == 1 && profile == Profile::Default => &elements[0],
        other => other,
    };
    let parts = match value {
        Value::Object(parts) => object(attribute, parts, profile)?,
        Value::String(_) if attribute.has_value() && profile == Profile::Default => {
            bare(attribute, value, profile)?
        }
        value if is_blank(value) => return Ok(None),
        _ => return Err(format!("{} must be an object", attribute.name)),
    };
    // A reference with an empty id, {"value": ""}, means that there is no reference.
    let refers_to_nobody = attribute.has_value() && parts.get("value").is_none_or(Value::is_null);
    Ok((!refers_to_nobody && !parts.is_empty()).then_some(Value::Object(parts)))
}

fn object(attribute: &Attribute, sent: &Object, profile: Profile) -> Result<Object, Violation> {
    let mut parts = Object::new();
    for (name, value) in sent {
        let Some(sub) = attribute.sub(name) else {
            if profile == Profile::Strict {
                return Err(format!("{} has no sub-attribute {:?}", attribute.name, short(name)));
            }
            continue;
        };
        if sub.mutability == Mutability::ReadOnly && attribute.mutability != Mutability::ReadOnly {
            continue;
        }
        let value = part(attribute, sub, value, profile)?.unwrap_or(Value::Null);
        parts.insert(sub.name.to_string(), value);
    }
    Ok(parts)
}

fn simple(attribute: &Attribute, value: &Value, profile: Profile) -> Result<Value, Violation> {
    let name = attribute.name.as_ref();
    match (attribute.kind, value) {
        (Kind::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Boolean, Value::String(text)) if profile == Profile::Default => boolean_text(text)
            .map(Value::Bool)
            .ok_or_else(|| format!("{name} must be true or false, not {:?}", short(text))),
        (Kind::Boolean, _) => Err(format!("{name} must be true or false")),
        (Kind::Integer | Kind::Decimal, _) => number(attribute, value, profile),
        (_, Value::String(text)) if text.contains('\0') => Err(format!("{name} contains a NUL character")),
        (Kind::DateTime, Value::String(text)) => {
            storable_time(text).map(Value::String).ok_or_else(|| not_a_time(name))
        }
        (Kind::DateTime, _) => Err(not_a_time(name)),
        (_, Value::String(text)) if attribute.vocabulary == Vocabulary::Closed => listed(attribute, text),
        (_, Value::String(text)) => check_length(attribute, text).map(|()| value.clone()),
        // Entra's directory extensions may be integers that are mapped to strings.
        (_, Value::Number(number)) if profile == Profile::Default => {
            simple(attribute, &number.to_string().into(), profile)
        }
        _ => Err(format!("{name} must be a string")),
    }
}

fn not_a_time(name: &str) -> Violation {
    format!("{name} must be a time such as \"2026-06-01T12:00:00Z\"")
}

fn check_length(attribute: &Attribute, text: &str) -> Result<(), Violation> {
    let most = attribute.max_bytes;
    if text.len() > most {
        return Err(format!("{} has {} bytes; it can have at most {most}", attribute.name, text.len()));
    }
    Ok(())
}

/// Returns the canonical value that equals `text` without regard to case.
fn listed(attribute: &Attribute, text: &str) -> Result<Value, Violation> {
    let mut known = attribute.canonical_values.iter();
    let found = known.find(|value| value.eq_ignore_ascii_case(text.trim()));
    found.map(|value| Value::from(value.as_ref())).ok_or_else(|| {
        let known = attribute.canonical_values.join(", ");
        format!("{} must be one of {known}, not {:?}", attribute.name, short(text))
    })
}

fn number(attribute: &Attribute, value: &Value, profile: Profile) -> Result<Value, Violation> {
    let name = &attribute.name;
    let sent = match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) if profile == Profile::Default => serde_json::from_str(text.trim()).ok(),
        _ => None,
    };
    match (attribute.kind, sent) {
        (Kind::Decimal, Some(number)) => Ok(Value::Number(number)),
        (_, Some(number)) if number.is_i64() => Ok(Value::Number(number)),
        (Kind::Decimal, None) => Err(format!("{name} must be a number")),
        _ => Err(format!("{name} must be a whole number of 64 bits")),
    }
}

fn role_value(value: &Value) -> Value {
    match value.as_str().filter(|text| text.trim_start().starts_with('{')).map(serde_json::from_str::<Value>)
    {
        Some(Ok(Value::Object(parts))) => parts.get("value").cloned().unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

fn role_parts(parts: &Object) -> Object {
    let mut role = Object::new();
    for (name, part) in
        [("value", "value"), ("displayName", "display"), ("display", "display"), ("type", "type")]
    {
        if let Some(value) = parts.get(name) {
            role.insert(part.to_owned(), value.clone());
        }
    }
    role
}
