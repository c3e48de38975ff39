//! Finds attributes that one document sets twice under different names, such as `name.givenName` and inside
//! `name`. An attribute has one value, and neither of two values is dropped silently.

use std::collections::HashMap;

use serde_json::Value;

use crate::coerce::Violation;
use crate::slot::Slot;

/// The place of a write: a sub-attribute of a single complex attribute, or another attribute as a whole.
type Place<'a> = (Option<&'static str>, &'a str, Option<&'a str>);

/// Returns what is wrong with the writes of one document. Each write sets or clears a place, and its value is
/// canonical.
pub(crate) fn faults<'a>(
    writes: impl Iterator<Item = (&'a Slot<'a>, Option<&'a str>, Option<&'a Value>)>,
) -> Vec<Violation> {
    let mut seen: HashMap<Place<'a>, Option<&'a Value>> = HashMap::new();
    let (mut cleared, mut set) = (Vec::new(), Vec::new());
    let mut faults = Vec::new();
    for (slot, part, value) in writes {
        let attribute = (slot.extension, &*slot.attribute.name);
        let parts = match (part, value) {
            // An object is the value of a single complex attribute.
            (None, Some(Value::Object(parts))) => {
                parts.iter().map(|(name, value)| (Some(name.as_str()), Some(value))).collect()
            }
            _ => vec![(part, value)],
        };
        for (part, value) in parts {
            let value = value.filter(|value| !value.is_null());
            match seen.insert((attribute.0, attribute.1, part), value) {
                Some(known) if known != value => {
                    let part = part.map_or_else(String::new, |part| format!(".{part}"));
                    faults.push(format!("{}{part} was sent twice with different values", attribute.1));
                }
                _ => {}
            }
            match (part, value) {
                (None, None) => cleared.push(attribute),
                (Some(_), Some(_)) => set.push(attribute),
                _ => {}
            }
        }
    }
    if let Some((_, name)) = cleared.iter().find(|attribute| set.contains(attribute)) {
        faults.push(format!("{name} was sent twice with different values"));
    }
    faults
}
