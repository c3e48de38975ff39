//! The registry of schemas (RFC 7643 section 7): which attributes exist, and their characteristics.

mod attribute;
mod core_group;
mod core_user;
mod custom_user;
mod enterprise_user;
mod path;
mod usher_user;

use std::sync::LazyLock;

pub use attribute::{Attribute, Kind, Mutability, Returned, Uniqueness, Vocabulary};
pub use custom_user::CustomAttribute;
pub(crate) use path::split_urn;
pub use path::{AttrPath, Resolved};

/// The URN of the core user schema.
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of the core group schema.
pub const CORE_GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of the enterprise extension.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The URN of Usher's extension.
pub const USHER_USER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";

/// The URN of the extension that holds a workspace's custom attributes.
pub const CUSTOM_USER: &str = "urn:ietf:params:scim:schemas:extension:custom:2.0:User";

/// The maximum size of a user, in bytes of JSON, without what the service adds.
pub const MAX_USER: usize = 128 << 10;

/// A schema and its attributes.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The URN of the schema.
    pub id: &'static str,
    /// The name of the schema.
    pub name: &'static str,
    /// What the schema is for.
    pub description: &'static str,
    /// The attributes of the schema.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// Returns the attribute with that name, compared without case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }
}

/// A resource type: a core schema and its extensions.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// The name: `User` or `Group`.
    pub name: &'static str,
    /// The endpoint: `/Users` or `/Groups`.
    pub endpoint: &'static str,
    /// What the resource type is for.
    pub description: &'static str,
    /// The schema of the core attributes.
    pub schema: Schema,
    /// The extensions; no resource must use them.
    pub extensions: Vec<Schema>,
    /// The attributes that every resource has (RFC 7643 section 3.1): `schemas`, `id`, `externalId` and
    /// `meta`.
    pub common: Vec<Attribute>,
}

/// Returns the user resource type.
pub fn user() -> &'static ResourceType {
    static USER: LazyLock<ResourceType> = LazyLock::new(|| user_with(Vec::new()));
    &USER
}

/// Returns the user resource type of a workspace that has custom attributes.
pub fn user_with(custom: Vec<CustomAttribute>) -> ResourceType {
    let mut extensions = vec![enterprise_user::schema(), usher_user::schema()];
    if !custom.is_empty() {
        extensions.push(custom_user::schema(custom));
    }
    ResourceType {
        name: "User",
        endpoint: "/Users",
        description: "A person in the workspace",
        schema: core_user::schema(),
        extensions,
        common: attribute::common(),
    }
}

/// Returns the group resource type.
pub fn group() -> &'static ResourceType {
    static GROUP: LazyLock<ResourceType> = LazyLock::new(|| ResourceType {
        name: "Group",
        endpoint: "/Groups",
        description: "Users and groups of the workspace that belong together",
        schema: core_group::schema(),
        extensions: Vec::new(),
        common: attribute::common(),
    });
    &GROUP
}

/// Returns whether a text may name a custom attribute. Custom attributes can't be named without their URN, so
/// their definitions are needed only then.
pub fn may_name_custom(text: &str) -> bool {
    const MARK: &str = "extension:custom:";
    text.as_bytes().windows(MARK.len()).any(|part| part.eq_ignore_ascii_case(MARK.as_bytes()))
}
