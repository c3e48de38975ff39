//! What was sent, as much of it as a log may hold: who it is about, and names of attributes without
//! their values.

use serde_json::{Map, Value};
use usher_scim::schema::{AttrPath, CUSTOM_USER, Mutability, ResourceType};

use crate::kind::Kind;

/// Most attributes of an entry.
const MOST: usize = 50;

/// What is noted where the policy gave a free seat in the place of a paid one.
const DEGRADED: &str = "userType (ignored: no paid seat is free, so the user is a Collaborator)";

/// What a document says of itself.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// `userName`, else `displayName`.
    pub(crate) name: String,
    pub(crate) external_id: String,
    /// Each as it was sent; `(ignored)` is behind those that changed nothing, because the resource has no such
    /// attribute or the client can't set it.
    pub(crate) attributes: Vec<String>,
    /// To know these by.
    resource_type: Option<&'static ResourceType>,
}

impl Sent {
    /// Reads a resource, or a PATCH of one. Where it was taken, names of which nothing is kept are marked.
    pub(crate) fn read(document: &str, kind: Option<Kind>, taken: bool) -> Self {
        let Ok(Value::Object(document)) = serde_json::from_str(document) else { return Self::default() };
        let mut sent =
            Self { resource_type: kind.filter(|_| taken).map(Kind::resource_type), ..Self::default() };
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

    /// Notes that the user type that was asked for, or meant, is not the one that the user has. It goes before what is
    /// ignored, which may be much.
    pub(super) fn note_degraded(&mut self) {
        if self.attributes.first().is_none_or(|first| first != DEGRADED) {
            self.attributes.insert(0, DEGRADED.to_owned());
            self.attributes.truncate(MOST);
        }
    }

    fn note_all(&mut self, attributes: Option<&Map<String, Value>>) {
        for (name, value) in attributes.into_iter().flatten() {
            match value {
                _ if ["schemas", "meta"].iter().any(|other| name.eq_ignore_ascii_case(other)) => {}
                // An extension that is known is noted as a whole, and by name what is ignored of it.
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

fn is_extension(path: &AttrPath) -> bool {
    path.name.is_empty() && path.urn.is_some()
}

impl Sent {
    /// Whether the default profile keeps nothing of what was sent under a name or a path.
    fn is_ignored(&self, name: &str) -> bool {
        let Some(resource_type) = self.resource_type else { return false };
        let path = AttrPath::parse(name.split('[').next().unwrap_or_default());
        // Which of its own attributes a workspace has is for identity to know.
        if is_extension(&path) || path.urn.as_deref() == Some(CUSTOM_USER) {
            return false;
        }
        let found = path.resolve(resource_type);
        found.is_none_or(|found| found.sub.unwrap_or(found.attribute).mutability == Mutability::ReadOnly)
    }
}

/// A path without the values that its filter compares with: `members[value eq "…"]`.
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
            // An escaped quote is part of the value, and so is a single one inside of a word.
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

    fn read(document: &str) -> Sent {
        Sent::read(document, Some(Kind::User), true)
    }

    #[test]
    fn a_resource_tells_whom_it_is_about_and_names_its_attributes() {
        let sent = read(
            r#"{"schemas": [], "displayName": "Ada", "userName": "ada@x", "externalId": "7", "title": "Secret"}"#,
        );

        assert_eq!((sent.name.as_str(), sent.external_id.as_str()), ("ada@x", "7"));
        assert_eq!(sent.attributes, ["displayName", "userName", "externalId", "title"]);
    }

    #[test]
    fn a_patch_names_its_paths_and_no_value_is_kept() {
        let sent = read(
            r#"{"Operations": [
                {"op": "replace", "path": "emails[type eq \"secret\"].value", "value": "secret"},
                {"op": "replace", "value": {"userName": "new@x", "active": false}},
                {"op": "remove", "path": "emails[display eq \"se \\\"secret\\\" \"].type"},
                {"op": "remove", "path": "roles[value eq 'se'secret']"},
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
                "roles[value eq '…']",
                "members[value eq \"… (ignored)"
            ]
        );
        assert!(read("nonsense").attributes.is_empty());
    }

    #[test]
    fn a_seat_that_was_not_given_is_noted_once_and_before_all_else() {
        let mut sent = read(r#"{"userName": "x", "userType": "Regular"}"#);

        sent.note_degraded();
        sent.note_degraded();

        assert_eq!(sent.attributes, [DEGRADED, "userName", "userType"]);
    }

    #[test]
    fn what_is_ignored_of_a_document_that_was_taken_is_named() {
        let document = r#"{"userName": "x", "nickname": "n", "favouriteColour": "red", "password": "p", "groups": [],
            "emails": [], "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "d", "dept": "d"},
            "urn:ietf:params:scim:schemas:extension:custom:2.0:User": {"badge": "7"}, "urn:x:y": {"z": 1}}"#;
        let taken = Sent::read(document, Some(Kind::User), true).attributes;

        let ignored: Vec<_> = taken.iter().filter_map(|name| name.strip_suffix(" (ignored)")).collect();

        let dept = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:dept";
        assert_eq!(ignored, ["favouriteColour", "password", "groups", dept, "urn:x:y"]);
        let patch = r#"{"Operations": [{"op": "add", "path": "emails[type eq \"a\"].value", "value": "x"},
            {"op": "add", "path": "id", "value": "x"}, {"op": "add", "value": {"shoeSize": 7, "title": "t"}}]}"#;
        let patched = Sent::read(patch, Some(Kind::User), true).attributes;
        assert_eq!(patched, ["emails[type eq \"…\"].value", "id (ignored)", "shoeSize (ignored)", "title"]);
        let refused = Sent::read(document, Some(Kind::User), false).attributes;
        assert!(refused.iter().all(|name| !name.contains("(ignored)")), "{refused:?}");
    }
}
