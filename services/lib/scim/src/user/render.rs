//! Renders a user for the wire.

use serde_json::{Value, json};

use crate::Object;
use crate::schema::{CORE_USER, USHER_USER};

/// What the service knows about a resource besides its attributes.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The id of the resource.
    pub id: &'a str,
    /// The number of changes; the weak ETag is `W/"<version>"`.
    pub version: i64,
    /// When the resource was created, as RFC 3339.
    pub created: &'a str,
    /// When the resource was last changed, as RFC 3339.
    pub last_modified: &'a str,
    /// The URL of the resource.
    pub location: &'a str,
}

impl Envelope<'_> {
    /// Returns the weak ETag (RFC 7644 section 3.14).
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    /// Returns `meta` (RFC 7643 section 3.1).
    pub(crate) fn meta(&self, resource_type: &str) -> Value {
        json!({
            "resourceType": resource_type,
            "created": self.created,
            "lastModified": self.last_modified,
            "location": self.location,
            "version": self.etag(),
        })
    }

    /// Adds to a reference the URL of the resource that it names, under the same base as the resource's own.
    pub(crate) fn refer(&self, reference: &mut Object, endpoint: &str) {
        let base = self.location.rsplitn(3, '/').nth(2).unwrap_or_default();
        if let Some(value) = reference.get("value").and_then(Value::as_str) {
            let address = format!("{base}/{endpoint}/{value}");
            reference.insert("$ref".to_owned(), address.into());
        }
    }
}

/// Renders a user as clients see it: with the `schemas` in use, the user type of the seat in Usher's
/// extension, and `meta`.
pub fn render(mut resource: Object, envelope: &Envelope<'_>) -> Object {
    let user_type = super::stated_user_type(&resource).unwrap_or_default().as_str();
    let extensions: Vec<String> = resource.keys().filter(|name| name.starts_with("urn:")).cloned().collect();
    let mut document = Object::with_capacity(resource.len() + 5);
    let mut schemas = vec![Value::from(CORE_USER)];
    schemas.extend(extensions.iter().filter(|urn| *urn != USHER_USER).map(|urn| Value::from(urn.as_str())));
    schemas.push(USHER_USER.into());
    document.insert("schemas".to_owned(), Value::Array(schemas));
    document.insert("id".to_owned(), envelope.id.into());
    for name in ["externalId", "userName"] {
        if let Some(value) = resource.shift_remove(name) {
            document.insert(name.to_owned(), value);
        }
    }
    resource.shift_remove(USHER_USER);
    if let Some(groups) = resource.get_mut("groups").and_then(Value::as_array_mut) {
        groups.iter_mut().filter_map(Value::as_object_mut).for_each(|group| envelope.refer(group, "Groups"));
    }
    document.extend(resource);
    document.insert(USHER_USER.to_owned(), json!({ "userType": user_type }));
    document.insert("meta".to_owned(), envelope.meta("User"));
    document
}
