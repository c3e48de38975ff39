//! Canonicalizes a user document that a client sent.

use serde_json::Value;

use crate::error::{ScimError, short};
use crate::schema::{AttrPath, Kind, Mutability, Resolved, ResourceType, split_urn};
use crate::slot::Slot;
use crate::{Object, Profile, coerce, repetition};

/// Attributes that clients send and that Usher does not store. The others that clients may not set are
/// read-only in the schema.
const IGNORED: [&str; 1] = ["password"];

/// The maximum number of faults that an answer names.
const MOST_FAULTS: usize = 5;

/// What a document sets and what it clears, in the order of the document.
#[derive(Clone, Debug, Default)]
pub struct Incoming<'s> {
    writes: Vec<(Slot<'s>, Option<&'s str>, Option<Value>)>,
}

impl Incoming<'_> {
    /// Sets and clears the attributes in `resource`. Sub-attributes that the client did not send are kept.
    pub(crate) fn merge_into(self, resource: &mut Object) {
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

impl Incoming<'_> {
    /// Refuses a document without a required attribute: PUT sends the whole resource (RFC 7644 section
    /// 3.5.1).
    pub(crate) fn require(&self, name: &str) -> Result<(), ScimError> {
        let named = self.writes.iter().any(|(slot, _, value)| {
            slot.attribute.name == name && slot.extension.is_none() && value.is_some()
        });
        if named { Ok(()) } else { Err(ScimError::value(format!("{name} is required and must be sent"))) }
    }
}

/// Sets a value. A single complex value is merged by sub-attribute, and `null` clears a sub-attribute.
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

/// Canonicalizes the body of a POST or PUT. Names may be in any case, dotted or with URN, and enterprise
/// attributes may come without their URN. One error names all faults.
///
/// # Errors
/// `invalidSyntax` if the body is not an object; `invalidValue`, with every fault, if a value is wrong.
pub fn canonicalize<'s>(
    body: &Value,
    resource_type: &'s ResourceType,
    profile: Profile,
) -> Result<Incoming<'s>, ScimError> {
    let Some(sent) = body.as_object() else {
        return Err(ScimError::syntax("the body must be a JSON object with the resource's attributes"));
    };
    check_schemas(sent, resource_type, profile)?;
    let mut reader = Reader { incoming: Incoming::default(), faults: Vec::new(), resource_type, profile };
    for (name, value) in sent {
        reader.read(name, value);
    }
    let writes = reader.incoming.writes.iter();
    let twice = repetition::faults(writes.map(|(slot, part, value)| (slot, *part, value.as_ref())));
    reader.faults.extend(twice);
    if reader.faults.is_empty() {
        return Ok(reader.incoming);
    }
    let more = reader.faults.len().saturating_sub(MOST_FAULTS);
    reader.faults.truncate(MOST_FAULTS);
    let told = reader.faults.join("; ");
    Err(ScimError::value(if more == 0 { told } else { format!("{told}; and {more} more") }))
}

/// `schemas` must name the core schema (RFC 7643 section 3). In the default profile, a client may omit it or
/// name any schema of the resource: Entra names extensions only, and schemas that no other server has.
fn check_schemas(sent: &Object, resource_type: &ResourceType, profile: Profile) -> Result<(), ScimError> {
    let core = resource_type.schema.id;
    let refused = || Err(ScimError::syntax(format!("\"schemas\" must be a list with {core:?}")));
    let sent = sent.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
    let urns = match (sent, profile) {
        (None | Some(Value::Null), Profile::Default) => return Ok(()),
        (Some(Value::Array(urns)), _) => urns,
        _ => return refused(),
    };
    if profile == Profile::Default && urns.is_empty() {
        return Ok(());
    }
    let is_known = |urn: &str| match profile {
        Profile::Strict => urn.eq_ignore_ascii_case(core),
        Profile::Default => matches!(split_urn(urn), (Some(_), "")),
    };
    let named = urns.iter().any(|urn| urn.as_str().is_some_and(is_known));
    if named && urns.iter().all(Value::is_string) { Ok(()) } else { refused() }
}

struct Reader<'s> {
    incoming: Incoming<'s>,
    faults: Vec<String>,
    resource_type: &'s ResourceType,
    profile: Profile,
}

impl<'s> Reader<'s> {
    fn read(&mut self, name: &str, value: &Value) {
        if IGNORED.iter().any(|ignored| ignored.eq_ignore_ascii_case(name)) {
            return;
        }
        let path = AttrPath::parse(name);
        match (path.name.is_empty(), value) {
            (true, Value::Object(parts)) => {
                let urn = path.urn.unwrap_or_default();
                // Some clients send `schemas` inside an extension.
                for (part, value) in parts.iter().filter(|(part, _)| !part.eq_ignore_ascii_case("schemas")) {
                    self.read(&format!("{urn}:{part}"), value);
                }
            }
            (true, Value::Null) => self.clear(path.urn.as_deref()),
            (true, _) => {
                self.faults
                    .push(format!("{:?} must be an object with the extension's attributes", short(name)));
            }
            (false, _) => match path.resolve_as(self.resource_type, self.profile) {
                Some(found) => self.set(found, value),
                None if self.profile == Profile::Strict => {
                    self.faults.push(format!("there is no attribute {:?}", short(name)));
                }
                None => {}
            },
        }
    }

    /// Clears every attribute of a schema.
    fn clear(&mut self, urn: Option<&str>) {
        let extension = self.resource_type.extensions.iter().find(|schema| Some(schema.id) == urn);
        for attribute in extension.into_iter().flat_map(|schema| &schema.attributes) {
            let slot = Slot { extension: extension.map(|schema| schema.id), attribute };
            self.incoming.writes.push((slot, None, None));
        }
    }

    fn set(&mut self, found: Resolved<'s>, value: &Value) {
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
            // An empty value neither activates nor deactivates a user.
            Ok(None) if slot.attribute.name == "active" => {}
            Ok(value) => self.incoming.writes.push((slot, found.sub.map(|sub| sub.name.as_ref()), value)),
            Err(fault) => self.faults.push(fault),
        }
    }
}
