//! The extension that holds a workspace's custom attributes.

use std::borrow::Cow;

use super::attribute::{Attribute, Kind};
use super::{CUSTOM_USER, Schema};

/// A custom attribute: single-valued, read-write, never required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAttribute {
    /// The name as it is spelled on the wire.
    pub name: String,
    /// The data type; neither complex nor binary.
    pub kind: Kind,
    /// What the attribute is for.
    pub description: String,
    /// Whether comparisons regard case.
    pub case_exact: bool,
    /// The suggested values; others are accepted too.
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
