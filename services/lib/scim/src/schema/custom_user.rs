//! The extension of a workspace's own attributes.

use std::borrow::Cow;

use super::attribute::{Attribute, Kind};
use super::{CUSTOM_USER, Schema};

/// A workspace's own attribute: single-valued, read-write, never required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAttribute {
    /// As it is spelled on the wire.
    pub name: String,
    /// Its data type; not complex, not binary.
    pub kind: Kind,
    /// What it is for.
    pub description: String,
    /// Whether case matters in comparison.
    pub case_exact: bool,
    /// Values that are expected.
    pub canonical_values: Vec<String>,
}

impl From<CustomAttribute> for Attribute {
    fn from(custom: CustomAttribute) -> Self {
        let CustomAttribute { name, kind, description, case_exact, canonical_values } = custom;
        Self {
            name: Cow::Owned(name),
            description: Cow::Owned(description),
            case_exact,
            canonical_values: canonical_values.into_iter().map(Cow::Owned).collect(),
            ..Self::new("", kind, "").refers_to(if kind == Kind::Reference { &["uri"] } else { &[] })
        }
    }
}

pub(super) fn schema(attributes: Vec<CustomAttribute>) -> Schema {
    Schema {
        id: CUSTOM_USER,
        name: "CustomUser",
        description: "Attributes that the workspace's admins defined",
        attributes: attributes.into_iter().map(Attribute::from).collect(),
    }
}
