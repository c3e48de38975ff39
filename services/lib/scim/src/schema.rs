//! The registry of schemas (RFC 7643 section 7): what attributes there are and what they are like.

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

/// URN of the core user schema.
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the core group schema.
pub const CORE_GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the enterprise extension.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URN of Usher's extension.
pub const USHER_USER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";

/// URN of the extension with a workspace's own attributes.
pub const CUSTOM_USER: &str = "urn:ietf:params:scim:schemas:extension:custom:2.0:User";

/// Largest user, in bytes of JSON without what the service adds.
pub const MAX_USER: usize = 128 << 10;

/// A schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its URN.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute of that name, compared without case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }
}

/// A resource type: a core schema and its extensions.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// `User`.
    pub name: &'static str,
    /// `/Users`.
    pub endpoint: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The core schema.
    pub schema: Schema,
    /// The extensions; none is required.
    pub extensions: Vec<Schema>,
    /// `schemas`, `id`, `externalId` and `meta`, which every resource has (RFC 7643 section 3.1).
    pub common: Vec<Attribute>,
}

/// The user resource type.
pub fn user() -> &'static ResourceType {
    static USER: LazyLock<ResourceType> = LazyLock::new(|| user_with(Vec::new()));
    &USER
}

/// The user resource type of a workspace that has attributes of its own.
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

/// The group resource type.
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

/// Whether a text may name a workspace's own attributes. Only then their definitions are needed;
/// without the URN these attributes can't be named.
pub fn may_name_custom(text: &str) -> bool {
    const MARK: &str = "extension:custom:";
    text.as_bytes().windows(MARK.len()).any(|part| part.eq_ignore_ascii_case(MARK.as_bytes()))
}
