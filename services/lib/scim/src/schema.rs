//! The registry of schemas (RFC 7643 section 7): what attributes there are and what they are like.

mod attribute;
mod core_user;
mod enterprise_user;
mod path;
mod usher_user;

use std::sync::LazyLock;

pub use attribute::{Attribute, Kind, Mutability, Returned, Uniqueness};
pub use path::{AttrPath, Resolved};

/// URN of the core user schema.
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the enterprise extension.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URN of Usher's extension.
pub const USHER_USER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";

/// A schema.
#[derive(Debug)]
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
#[derive(Debug)]
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
    /// `id`, `externalId` and `meta`, which every resource has (RFC 7643 section 3.1).
    pub common: Vec<Attribute>,
}

/// The user resource type.
pub fn user() -> &'static ResourceType {
    static USER: LazyLock<ResourceType> = LazyLock::new(|| ResourceType {
        name: "User",
        endpoint: "/Users",
        description: "A person in the workspace",
        schema: core_user::schema(),
        extensions: vec![enterprise_user::schema(), usher_user::schema()],
        common: attribute::common(),
    });
    &USER
}
