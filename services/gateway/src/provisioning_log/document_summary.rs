//! A summary of the document that may be logged: whom it is about, and the names of its attributes without their
//! values.

use serde_json::{Map, Value};
use usher_scim::schema::{AttrPath, CUSTOM_USER, Mutability, ResourceType};

use crate::kind::Kind;

/// The maximum number of attributes per entry.
const MAX_ATTRIBUTES: usize = 50;

/// The note for a user who got a free seat instead of a paid one because of the at-limit policy.
const DEGRADED: &str = "userType (ignored: no paid seat is free, so the user is a Collaborator)";

/// The summary of a document.
#[derive(Debug, Default)]
pub(crate) struct DocumentSummary {
    /// `userName`, else `displayName`.
    pub(crate) name: String,
    pub(crate) external_id: String,
    /// The attributes as sent. Those that had no effect, because they do not exist or are read-only, end with
    /// `(ignored)`.
    pub(crate) attributes: Vec<String>,
    /// The type by which ignored attributes are recognised.
    resource_type: Option<&'static ResourceType>,
}

impl DocumentSummary {
    /// Reads a resource, or a PATCH of one. If the request succeeded, attributes that were not stored are marked.
    pub(crate) fn read(document: &str, kind: Option<Kind>, taken: bool) -> Self {
        let Ok(Value::Object(document)) = serde_json::from_str(document) else { return Self::default() };
        let mut summary =
            Self { resource_type: kind.filter(|_| taken).map(Kind::resource_type), ..Self::default() };
        if let Some(operations) = member(&document, "Operations").and_then(Value::as_array) {
            for operation in operations.iter().filter_map(Value::as_object) {
                match member(operation, "path").and_then(Value::as_str) {
                    Some(path) => summary.note(path, member(operation, "value")),
                    None => summary.note_all(member(operation, "value").and_then(Value::as_object)),
                }
            }
        } else {
            summary.note_all(Some(&document));
        }
        summary
    }

    /// Records that the user did not get the requested user type. The note comes first, because the list of ignored
    /// attributes may be long.
    pub(super) fn note_degraded(&mut self) {
        if self.attributes.first().is_none_or(|first| first != DEGRADED) {
            self.attributes.insert(0, DEGRADED.to_owned());
            self.attributes.truncate(MAX_ATTRIBUTES);
        }
    }

    fn note_all(&mut self, attributes: Option<&Map<String, Value>>) {
        for (name, value) in attributes.into_iter().flatten() {
            match value {
                _ if ["schemas", "meta"].iter().any(|other| name.eq_ignore_ascii_case(other)) => {}
                // A known extension is listed as a whole, and its ignored attributes by name.
                Value::Object(parts) if is_extension(&AttrPath::parse(name)) => {
                    self.note(name, Some(value));
                    let ignored = parts.keys().map(|part| format!("{name}:{part}"));
                    for path in ignored.filter(|path| self.is_ignored(path)).collect::<Vec<_>>() {
                        self.note(&path, None);
                    }
                }
                _ => self.note(name, Some(value)),
            }
        }
    }

    fn note(&mut self, attribute: &str, value: Option<&Value>) {
        let mut shown = without_values(attribute);
        if self.is_ignored(attribute) {
            shown.push_str(" (ignored)");
        }
        if self.attributes.len() < MAX_ATTRIBUTES && !self.attributes.contains(&shown) {
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

fn is_extension(path: &AttrPath) -> bool {
    path.name.is_empty() && path.urn.is_some()
}

impl DocumentSummary {
    /// Whether the default profile stores nothing for a name or path.
    fn is_ignored(&self, name: &str) -> bool {
        let Some(resource_type) = self.resource_type else { return false };
        let path = AttrPath::parse(name.split('[').next().unwrap_or_default());
        // Only identity knows the workspace's custom attributes.
        if is_extension(&path) || path.urn.as_deref() == Some(CUSTOM_USER) {
            return false;
        }
        let found = path.resolve(resource_type);
        found.is_none_or(|found| found.sub.unwrap_or(found.attribute).mutability == Mutability::ReadOnly)
    }
}

/// A path without the values in its filter: `members[value eq "…"]`.
fn without_values(path: &str) -> String {
    let mut quote = None;
    let mut shown = String::with_capacity(path.len());
    let mut characters = path.chars().take(200).peekable();
    while let Some(c) = characters.next() {
        match quote {
            None => {
                shown.push(c);
                if matches!(c, '"' | '\'') {
                    shown.push('…');
                    quote = Some(c);
                }
            }
            // An escaped quote is a part of the value, and so is an apostrophe within a word.
            Some('"') if c == '\\' => {
                characters.next();
            }
            Some(open) if open == c => {
                let ends = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t' | ')' | ']'));
                if open == '"' || ends {
                    shown.push(c);
                    quote = None;
                }
            }
            Some(_) => {}
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

    fn read(document: &str) -> DocumentSummary {
        DocumentSummary::read(document, Some(Kind::User), true)
    }

    #[test]
    fn a_resource_is_summarised_by_its_name_and_its_attributes() {
        let summary = read(
            r#"{"schemas": [], "displayName": "Ada", "userName": "ada@x", "externalId": "7", "title": "Secret"}"#,
        );

        assert_eq!((summary.name.as_str(), summary.external_id.as_str()), ("ada@x", "7"));
        assert_eq!(summary.attributes, ["displayName", "userName", "externalId", "title"]);
    }

    #[test]
    fn a_patch_names_its_paths_and_no_value_is_kept() {
        let summary = read(
            r#"{"Operations": [
                {"op": "replace", "path": "emails[type eq \"secret\"].value", "value": "secret"},
                {"op": "replace", "value": {"userName": "new@x", "active": false}},
                {"op": "remove", "path": "emails[display eq \"se \\\"secret\\\" \"].type"},
                {"op": "remove", "path": "roles[value eq 'se'secret']"},
                {"op": "remove", "path": "members[value eq \"secret"}]}"#,
        );

        assert_eq!(summary.name, "new@x");
        assert_eq!(
            summary.attributes,
            [
                "emails[type eq \"…\"].value",
                "userName",
                "active",
                "emails[display eq \"…\"].type",
                "roles[value eq '…']",
                "members[value eq \"… (ignored)"
            ]
        );
        assert!(read("nonsense").attributes.is_empty());
    }

    #[test]
    fn a_refused_seat_is_noted_once_and_first() {
        let mut summary = read(r#"{"userName": "x", "userType": "Regular"}"#);

        summary.note_degraded();
        summary.note_degraded();

        assert_eq!(summary.attributes, [DEGRADED, "userName", "userType"]);
    }

    #[test]
    fn ignored_attributes_of_an_accepted_document_are_named() {
        let document = r#"{"userName": "x", "nickname": "n", "favouriteColour": "red", "password": "p", "groups": [],
            "emails": [], "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "d", "dept": "d"},
            "urn:ietf:params:scim:schemas:extension:custom:2.0:User": {"badge": "7"}, "urn:x:y": {"z": 1}}"#;
        let taken = DocumentSummary::read(document, Some(Kind::User), true).attributes;

        let ignored: Vec<_> = taken.iter().filter_map(|name| name.strip_suffix(" (ignored)")).collect();

        let dept = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:dept";
        assert_eq!(ignored, ["favouriteColour", "password", "groups", dept, "urn:x:y"]);
        let patch = r#"{"Operations": [{"op": "add", "path": "emails[type eq \"a\"].value", "value": "x"},
            {"op": "add", "path": "id", "value": "x"}, {"op": "add", "value": {"shoeSize": 7, "title": "t"}}]}"#;
        let patched = DocumentSummary::read(patch, Some(Kind::User), true).attributes;
        assert_eq!(patched, ["emails[type eq \"…\"].value", "id (ignored)", "shoeSize (ignored)", "title"]);
        let refused = DocumentSummary::read(document, Some(Kind::User), false).attributes;
        assert!(refused.iter().all(|name| !name.contains("(ignored)")), "{refused:?}");
    }
}
