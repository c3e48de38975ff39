//! Computes what a write changed, attribute by attribute.

use serde_json::Value;

use crate::Object;

/// A resource after a write, and what the write changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The whole resource, canonical.
    pub resource: Object,
    /// The real differences; empty if nothing changed.
    pub changes: Vec<Change>,
}

/// The change of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The path of the attribute: `userName`, `name.familyName`, `emails`, `urn:…:User:department`.
    pub path: String,
    /// The value before the write; `None` if the attribute had no value.
    pub before: Option<Value>,
    /// The value after the write; `None` if the attribute has no value.
    pub after: Option<Value>,
}

impl Changed {
    pub(crate) fn between(before: &Object, after: Object) -> Self {
        let mut changes = Vec::new();
        compare("", before, &after, &mut changes);
        Self { resource: after, changes }
    }
}

fn compare(prefix: &str, before: &Object, after: &Object, changes: &mut Vec<Change>) {
    let names = after.keys().chain(before.keys().filter(|name| !after.contains_key(*name)));
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        // Extensions and names are compared per sub-attribute; a manager is compared as a whole.
        let split = prefix.is_empty() && (name.starts_with("urn:") || name == "name");
        if split {
            let empty = Object::new();
            let separator = if name == "name" { '.' } else { ':' };
            let part = |value: Option<&Value>| {
                value.and_then(Value::as_object).cloned().unwrap_or_else(|| empty.clone())
            };
            compare(&format!("{name}{separator}"), &part(old), &part(new), changes);
        } else {
            changes.push(Change {
                path: format!("{prefix}{name}"),
                before: old.cloned(),
                after: new.cloned(),
            });
        }
    }
}
