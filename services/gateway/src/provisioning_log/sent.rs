//! What was sent, as much of it as a log may hold: who it is about, and names of attributes without
//! their values.

use serde_json::{Map, Value};

/// Most attributes of an entry.
const MOST: usize = 50;

/// What a document says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// `userName`, else `displayName`.
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) attributes: Vec<String>,
}

impl Sent {
    /// Reads a resource, or a PATCH of one.
    pub(crate) fn read(document: &str) -> Self {
        let Ok(Value::Object(document)) = serde_json::from_str(document) else { return Self::default() };
        let mut sent = Self::default();
        if let Some(operations) = member(&document, "Operations").and_then(Value::as_array) {
            for operation in operations.iter().filter_map(Value::as_object) {
                match member(operation, "path").and_then(Value::as_str) {
                    Some(path) => sent.note(path, member(operation, "value")),
                    None => sent.note_all(member(operation, "value").and_then(Value::as_object)),
                }
            }
        } else {
            sent.note_all(Some(&document));
        }
        sent
    }

    fn note_all(&mut self, attributes: Option<&Map<String, Value>>) {
        for (name, value) in attributes.into_iter().flatten() {
            if !["schemas", "meta"].iter().any(|other| name.eq_ignore_ascii_case(other)) {
                self.note(name, Some(value));
            }
        }
    }

    fn note(&mut self, attribute: &str, value: Option<&Value>) {
        let shown = without_values(attribute);
        if self.attributes.len() < MOST && !self.attributes.contains(&shown) {
            self.attributes.push(shown);
        }
        let Some(text) = value.and_then(Value::as_str) else { return };
        if attribute.eq_ignore_ascii_case("userName")
            || attribute.eq_ignore_ascii_case("displayName") && self.name.is_empty()
        {
            text.clone_into(&mut self.name);
        } else if attribute.eq_ignore_ascii_case("externalId") {
            text.clone_into(&mut self.external_id);
        }
    }
}

/// A path without the values that its filter compares with: `members[value eq "…"]`.
fn without_values(path: &str) -> String {
    let mut quoted = false;
    let mut shown = String::with_capacity(path.len());
    let mut characters = path.chars().take(200);
    while let Some(c) = characters.next() {
        if quoted && c == '\\' {
            // An escaped quote is part of the value.
            characters.next();
        } else if c == '"' {
            if quoted {
                shown.push('"');
            } else {
                shown.push_str("\"…");
            }
            quoted = !quoted;
        } else if !quoted {
            shown.push(c);
        }
    }
    shown
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_tells_whom_it_is_about_and_names_its_attributes() {
        let sent = Sent::read(
            r#"{"schemas": [], "displayName": "Ada", "userName": "ada@x", "externalId": "7", "title": "Secret"}"#,
        );

        assert_eq!((sent.name.as_str(), sent.external_id.as_str()), ("ada@x", "7"));
        assert_eq!(sent.attributes, ["displayName", "userName", "externalId", "title"]);
    }

    #[test]
    fn a_patch_names_its_paths_and_no_value_is_kept() {
        let sent = Sent::read(
            r#"{"Operations": [
                {"op": "replace", "path": "emails[type eq \"secret\"].value", "value": "secret"},
                {"op": "replace", "value": {"userName": "new@x", "active": false}},
                {"op": "remove", "path": "emails[display eq \"se \\\"secret\\\" \"].type"},
                {"op": "remove", "path": "members[value eq \"secret"}]}"#,
        );

        assert_eq!(sent.name, "new@x");
        assert_eq!(
            sent.attributes,
            [
                "emails[type eq \"…\"].value",
                "userName",
                "active",
                "emails[display eq \"…\"].type",
                "members[value eq \"…"
            ]
        );
        assert_eq!(Sent::read("nonsense"), Sent::default());
    }
}
