//! Renders a group for the wire.

use serde_json::{Value, json};

use crate::Object;
use crate::schema::CORE_GROUP;
use crate::user::Envelope;

/// Renders a group as clients see it: with `schemas`, the addresses of its members, and `meta`.
pub fn render(mut resource: Object, envelope: &Envelope<'_>) -> Object {
    let mut document = Object::with_capacity(resource.len() + 3);
    document.insert("schemas".to_owned(), json!([CORE_GROUP]));
    document.insert("id".to_owned(), envelope.id.into());
    if let Some(members) = resource.get_mut("members").and_then(Value::as_array_mut) {
        for member in members.iter_mut().filter_map(Value::as_object_mut) {
            let endpoint =
                if member.get("type").and_then(Value::as_str) == Some("Group") { "Groups" } else { "Users" };
            envelope.refer(member, endpoint);
        }
    }
    document.extend(resource);
    document.insert("meta".to_owned(), envelope.meta("Group"));
    document
}
