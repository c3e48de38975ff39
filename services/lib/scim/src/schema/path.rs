//! Attribute paths: `name.familyName`, `urn:…:User:manager.value` (RFC 7644 section 3.10).

use std::fmt;

use super::{Attribute, CORE_GROUP, CORE_USER, CUSTOM_USER, ENTERPRISE_USER, ResourceType, USHER_USER};
use crate::Profile;
use crate::error::{ScimError, ScimType, short};

/// A path as the client wrote it, split after the longest known URN, then at the dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrPath {
    /// The URN of the schema; `None` if the path names none.
    pub urn: Option<String>,
    /// The attribute; empty if the path is a URN alone.
    pub name: String,
    /// The sub-attribute, if the path names one.
    pub sub: Option<String>,
}

/// The attribute that a path names.
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'a> {
    /// The URN of the extension that holds the attribute; `None` for core attributes.
    pub extension: Option<&'static str>,
    /// The definition of the attribute.
    pub attribute: &'a Attribute,
    /// The definition of the sub-attribute, if the path names one.
    pub sub: Option<&'a Attribute>,
}

/// The schemas that a path may name, with the misspelled URN of Microsoft's documentation.
const URNS: [(&str, &str); 6] = [
    (CORE_USER, CORE_USER),
    (CORE_GROUP, CORE_GROUP),
    (ENTERPRISE_USER, ENTERPRISE_USER),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0User", ENTERPRISE_USER),
    (USHER_USER, USHER_USER),
    (CUSTOM_USER, CUSTOM_USER),
];

/// Splits a known URN off the front, compared without case. The rest begins after `:` or, as some clients
/// write it, after a dot.
pub(crate) fn split_urn(text: &str) -> (Option<&'static str>, &str) {
    for (prefix, urn) in URNS {
        let Some((head, rest)) = text.split_at_checked(prefix.len()) else { continue };
        if head.eq_ignore_ascii_case(prefix) {
            if rest.is_empty() {
                return (Some(urn), "");
            }
            if let Some(name) = rest.strip_prefix([':', '.']) {
                return (Some(urn), name);
            }
        }
    }
    (None, text)
}

impl AttrPath {
    /// Splits a path into its parts, without looking it up.
    pub fn parse(text: &str) -> Self {
        let (urn, rest) = split_urn(text);
        let (urn, rest) = match urn {
            Some(urn) => (Some(urn.to_owned()), rest),
            // The URN is unknown: the attribute is what follows its last colon.
            None if rest.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:")) => {
                rest.rsplit_once(':').map_or((None, rest), |(urn, name)| (Some(urn.to_owned()), name))
            }
            None => (None, rest),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub.to_owned())),
            None => (rest, None),
        };
        Self { urn, name: name.to_owned(), sub }
    }

    /// Looks the path up. Names compare without case. An enterprise attribute is also found without its URN,
    /// because some clients omit it.
    pub fn resolve<'a>(&self, resource_type: &'a ResourceType) -> Option<Resolved<'a>> {
        let (extension, attribute) = match self.urn.as_deref() {
            None => find(resource_type, &self.name)?,
            Some(urn) if urn == resource_type.schema.id => (
                None,
                resource_type.schema.attribute(&self.name).or_else(|| common(resource_type, &self.name))?,
            ),
            Some(urn) => {
                let schema = resource_type.extensions.iter().find(|schema| schema.id == urn)?;
                (Some(schema.id), schema.attribute(&self.name)?)
            }
        };
        let sub = match &self.sub {
            None => None,
            Some(sub) => Some(attribute.sub(sub)?),
        };
        Some(Resolved { extension, attribute, sub })
    }

    /// Looks the path up as [`AttrPath::resolve`] does, but the strict profile finds attributes of extensions
    /// by their URN only.
    pub fn resolve_as<'a>(&self, resource_type: &'a ResourceType, profile: Profile) -> Option<Resolved<'a>> {
        let found = self.resolve(resource_type)?;
        let short = self.urn.is_none() && found.extension.is_some();
        (profile == Profile::Default || !short).then_some(found)
    }

    /// Looks up the path of a filter as [`AttrPath::resolve_as`] does.
    ///
    /// # Errors
    /// `invalidFilter` if the attribute is unknown.
    pub fn resolve_in_filter<'a>(
        &self,
        resource_type: &'a ResourceType,
        profile: Profile,
    ) -> Result<Resolved<'a>, ScimError> {
        self.resolve_as(resource_type, profile).ok_or_else(|| {
            let detail = format!("the filter names an unknown attribute: {}", short(&self.to_string()));
            ScimError::new(ScimType::InvalidFilter, detail)
        })
    }
}

fn find<'a>(resource_type: &'a ResourceType, name: &str) -> Option<(Option<&'static str>, &'a Attribute)> {
    if let Some(attribute) = resource_type.schema.attribute(name).or_else(|| common(resource_type, name)) {
        return Some((None, attribute));
    }
    // Custom attributes need their URN: what a name means must not change when an admin defines an attribute.
    let known = resource_type.extensions.iter().filter(|schema| schema.id != CUSTOM_USER);
    known.into_iter().find_map(|schema| Some((Some(schema.id), schema.attribute(name)?)))
}

fn common<'a>(resource_type: &'a ResourceType, name: &str) -> Option<&'a Attribute> {
    resource_type.common.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::user;
    use super::*;

    fn resolved(text: &str) -> Option<String> {
        let path = AttrPath::parse(text);
        path.resolve(user()).map(|found| {
            let sub = found.sub.map(|sub| format!(".{}", sub.name)).unwrap_or_default();
            format!(
                "{}{}{sub}",
                found.extension.map(|urn| format!("{urn}|")).unwrap_or_default(),
                found.attribute.name
            )
        })
    }

    #[test]
    fn a_urn_is_not_split_at_the_dot_in_its_version() {
        let department = format!("{ENTERPRISE_USER}|department");
        for text in [
            format!("{ENTERPRISE_USER}:department"),
            format!("{}:Department", ENTERPRISE_USER.to_uppercase()),
            format!("{ENTERPRISE_USER}.department"),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department".to_owned(),
            "department".to_owned(),
        ] {
            assert_eq!(resolved(&text).as_deref(), Some(department.as_str()), "{text}");
        }
        assert_eq!(resolved(&format!("{CORE_USER}:name.familyname")).as_deref(), Some("name.familyName"));
    }

    #[test]
    fn the_client_s_own_user_type_and_the_one_of_the_seat_are_two_attributes() {
        assert_eq!(resolved("usertype").as_deref(), Some("userType"));
        assert_eq!(resolved(&format!("{USHER_USER}:usertype")), Some(format!("{USHER_USER}|userType")));
    }

    #[test]
    fn what_does_not_exist_is_not_found() {
        for text in ["nope", "name.nope", "userName.value", "urn:example:User:department", "", "."] {
            assert_eq!(resolved(text), None, "{text}");
        }
    }
}
