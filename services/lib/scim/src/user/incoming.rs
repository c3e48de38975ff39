//! A user document as sent, made canonical.

use serde_json::Value;

use crate::error::ScimError;
use crate::schema::{self, AttrPath, Kind, Mutability, Resolved};
use crate::slot::Slot;
use crate::{Object, Profile, coerce};

/// Attributes that clients send along and that are not theirs to set.
const IGNORED: [&str; 5] = ["schemas", "id", "meta", "groups", "password"];

/// What a document sets and what it clears, in its order.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    writes: Vec<(Slot<'static>, Option<&'static str>, Option<Value>)>,
}

impl Incoming {
    /// Sets and clears in `resource`. Parts of a complex attribute that were not sent stay.
    pub(super) fn merge_into(self, resource: &mut Object) {
        for (slot, sub, value) in self.writes {
            match (sub, value) {
                (None, None) => slot.clear(resource),
                (None, Some(value)) => merge(&slot, resource, value),
                (Some(sub), value) => {
                    let mut parts = Object::new();
                    parts.insert(sub.to_owned(), value.unwrap_or(Value::Null));
                    merge(&slot, resource, Value::Object(parts));
                }
            }
        }
    }
}

/// Sets a value; a single complex one is merged part by part, and `null` parts are cleared.
pub(crate) fn merge(slot: &Slot<'_>, resource: &mut Object, value: Value) {
    match value {
        Value::Object(parts) if !slot.attribute.multi_valued && !slot.attribute.has_value() => {
            let mut whole = slot.get(resource).and_then(Value::as_object).cloned().unwrap_or_default();
            whole.extend(parts);
            slot.set(resource, Value::Object(coerce::without_nulls(whole)));
        }
        Value::Object(parts) => slot.set(resource, Value::Object(coerce::without_nulls(parts))),
        value => slot.set(resource, value),
    }
}

/// Reads a POST or PUT body. Names in any case, dotted and URN keys, and enterprise attributes
/// without their URN all come to their place; every fault is collected into one answer.
///
/// # Errors
/// `invalidSyntax` where the body is no object, `invalidValue` with every fault in it.
pub fn canonicalize(body: &Value, profile: Profile) -> Result<Incoming, ScimError> {
    let Some(sent) = body.as_object() else {
        return Err(ScimError::syntax("the body must be a JSON object with a user's attributes"));
    };
    let mut reader = Reader { incoming: Incoming::default(), faults: Vec::new(), profile };
    for (name, value) in sent {
        reader.read(name, value);
    }
    reader.check_user_type();
    if reader.faults.is_empty() {
        Ok(reader.incoming)
    } else {
        Err(ScimError::value(reader.faults.join("; ")))
    }
}

struct Reader {
    incoming: Incoming,
    faults: Vec<String>,
    profile: Profile,
}

impl Reader {
    fn read(&mut self, name: &str, value: &Value) {
        if IGNORED.iter().any(|ignored| ignored.eq_ignore_ascii_case(name)) {
            return;
        }
        let path = AttrPath::parse(name);
        match (path.name.is_empty(), value) {
            (true, Value::Object(parts)) => {
                let urn = path.urn.unwrap_or_default();
                for (part, value) in parts {
                    self.read(&format!("{urn}:{part}"), value);
                }
            }
            // "urn:…:2.0:User": null clears nothing in particular.
            (true, _) => {}
            (false, _) => match path.resolve(schema::user()) {
                Some(found) => self.set(found, value),
                None if self.profile == Profile::Strict => {
                    self.faults.push(format!("there is no attribute {name:?}"));
                }
                None => {}
            },
        }
    }

    fn set(&mut self, found: Resolved<'static>, value: &Value) {
        let slot = Slot::from(found);
        if slot.attribute.mutability == Mutability::ReadOnly {
            return;
        }
        let coerced = match found.sub {
            None => coerce::attribute(slot.attribute, value, self.profile),
            Some(_) if slot.attribute.multi_valued || slot.attribute.kind != Kind::Complex => return,
            Some(sub) => coerce::part(slot.attribute, sub, value, self.profile),
        };
        match coerced {
            // Nobody is switched on or off by a blank.
            Ok(None) if slot.attribute.name == "active" => {}
            Ok(value) => self.incoming.writes.push((slot, found.sub.map(|sub| sub.name), value)),
            Err(fault) => self.faults.push(fault),
        }
    }

    /// One value under two names must be one value.
    fn check_user_type(&mut self) {
        let mut types = self.incoming.writes.iter().filter(|(slot, _, _)| slot.attribute.name == "userType");
        if let (Some((_, _, Some(first))), Some((_, _, Some(second)))) = (types.next(), types.next())
            && first != second
        {
            self.faults.push(format!("userType was sent twice with different values: {first} and {second}"));
        }
        // A blank at one place does not clear what the other place sets.
        let given = self
            .incoming
            .writes
            .iter()
            .any(|(slot, _, value)| slot.attribute.name == "userType" && value.is_some());
        if given {
            self.incoming
                .writes
                .retain(|(slot, _, value)| slot.attribute.name != "userType" || value.is_some());
        }
    }
}
