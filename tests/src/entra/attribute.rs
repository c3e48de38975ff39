//! Target attributes by Entra's names, and their places in a SCIM document.

use serde_json::{Map, Value, json};

/// The URN of the enterprise extension, as a prefix of attribute names.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The URN of Usher's extension.
pub const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";

/// A target attribute of the mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// `title`
    Simple(&'static str),
    /// `name.givenName`
    Part(&'static str, &'static str),
    /// `emails[type eq "work"].value`: attribute, type, part.
    Element(&'static str, &'static str, &'static str),
    /// `urn:…:2.0:User:department`: extension, attribute.
    Extension(&'static str, &'static str),
}

impl Target {
    /// The enterprise extension's `manager`.
    pub const MANAGER: Self = Self::Extension(ENTERPRISE, "manager");
    /// The seat class.
    pub const USER_TYPE: Self = Self::Extension(USHER, "userType");
    /// Whether the person is active.
    pub const ACTIVE: Self = Self::Simple("active");
    pub const USER_NAME: Self = Self::Simple("userName");

    /// The name in the mapping, which is the path of a PATCH operation.
    pub fn path(self) -> String {
        match self {
            Self::Simple(name) => name.to_owned(),
            Self::Part(name, part) => format!("{name}.{part}"),
            Self::Element(name, kind, part) => format!("{name}[type eq \"{kind}\"].{part}"),
            Self::Extension(urn, name) => format!("{urn}:{name}"),
        }
    }

    /// Whether the path contains a filter, so that it can't be a key of an operation without a path.
    pub const fn is_filtered(self) -> bool {
        matches!(self, Self::Element(..))
    }

    /// The value in a document from the server, or `None`. For a manager it is the id.
    pub fn read(self, document: &Value) -> Option<&Value> {
        let found = match self {
            Self::Simple(name) => document.get(name)?,
            Self::Part(name, part) => document.get(name)?.get(part)?,
            Self::Element(name, kind, part) => document
                .get(name)?
                .as_array()?
                .iter()
                .find(|element| element.get("type").and_then(Value::as_str) == Some(kind))?
                .get(part)?,
            Self::MANAGER => document.get(ENTERPRISE)?.get("manager")?.get("value")?,
            Self::Extension(urn, name) => document.get(urn)?.get(name)?,
        };
        (!found.is_null()).then_some(found)
    }

    /// Puts the value into a document for a creation.
    pub fn write(self, document: &mut Map<String, Value>, value: Value) {
        match self {
            Self::Simple(name) => {
                document.insert(name.to_owned(), value);
            }
            Self::Part(name, part) => {
                let whole = document.entry(name).or_insert_with(|| json!({}));
                whole[part] = value;
            }
            Self::Element(name, kind, part) => write_element(document, (name, kind, part), value),
            Self::MANAGER => {
                let extension = document.entry(ENTERPRISE).or_insert_with(|| json!({}));
                extension["manager"] = json!({ "value": value });
            }
            Self::Extension(urn, name) => {
                let extension = document.entry(urn).or_insert_with(|| json!({}));
                extension[name] = value;
            }
        }
    }
}

fn write_element(
    document: &mut Map<String, Value>,
    (name, kind, part): (&'static str, &'static str, &'static str),
    value: Value,
) {
    let Some(elements) = document.entry(name).or_insert_with(|| json!([])).as_array_mut() else { return };
    if let Some(element) = elements.iter_mut().find(|element| element["type"] == kind) {
        element[part] = value;
        return;
    }
    let mut element = json!({ "type": kind });
    if name == "emails" {
        element["primary"] = json!(true);
    }
    element[part] = value;
    elements.push(element);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_at_the_same_place() {
        let mut document = Map::new();
        let targets = [
            Target::Simple("title"),
            Target::Part("name", "givenName"),
            Target::Element("emails", "work", "value"),
            Target::Element("addresses", "work", "locality"),
            Target::Element("addresses", "work", "country"),
            Target::MANAGER,
            Target::USER_TYPE,
        ];
        for (number, target) in targets.into_iter().enumerate() {
            target.write(&mut document, json!(number.to_string()));
        }
        let document = Value::Object(document);

        for (number, target) in targets.into_iter().enumerate() {
            assert_eq!(target.read(&document), Some(&json!(number.to_string())), "{}", target.path());
        }
        assert_eq!(document["addresses"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn paths_are_as_entra_writes_them() {
        assert_eq!(Target::Element("emails", "work", "value").path(), "emails[type eq \"work\"].value");
        assert_eq!(
            Target::Extension(ENTERPRISE, "department").path(),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
        );
    }
}
