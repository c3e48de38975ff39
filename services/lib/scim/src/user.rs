//! Users: from what a client sends to the canonical resource, and from there to the wire.
//!
//! A canonical resource has attributes spelled as in the schema, core ones at the top, extensions
//! as objects under their URN, and neither `id` nor `meta` nor `schemas`.

mod incoming;
mod render;
mod user_type;

use serde_json::Value;

pub(crate) use incoming::merge;
pub use incoming::{Incoming, canonicalize};
pub use render::{Envelope, render};
pub use user_type::{UnknownUserType, UserType};

use crate::diff::Changed;
use crate::error::ScimError;
use crate::patch::{Operation, apply};
use crate::schema::{self, USHER_USER};
use crate::{Object, Profile};

/// A new user. Without `active`, it is active.
///
/// # Errors
/// `invalidValue`: no user name.
pub fn create(incoming: Incoming) -> Result<Changed, ScimError> {
    let mut resource = Object::new();
    incoming.merge_into(&mut resource);
    resource.entry("active").or_insert(Value::Bool(true));
    finish(&Object::new(), resource)
}

/// A user after PUT (RFC 7644 section 3.5.1). In the default profile what the client does not send
/// stays, and `null` or `""` clears; in the strict one what is not sent is cleared, except `active`.
///
/// # Errors
/// `invalidValue`: no user name.
pub fn replace(current: &Object, incoming: Incoming, profile: Profile) -> Result<Changed, ScimError> {
    let mut resource = match profile {
        Profile::Default => current.clone(),
        Profile::Strict => current
            .iter()
            .filter(|(name, _)| *name == "active")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    };
    incoming.merge_into(&mut resource);
    finish(current, resource)
}

/// A user after PATCH (RFC 7644 section 3.5.2).
///
/// # Errors
/// As [`apply`]; and `invalidValue` where no user name is left.
pub fn patch(current: &Object, operations: &[Operation], profile: Profile) -> Result<Changed, ScimError> {
    let resource = apply(current, operations, schema::user(), profile)?;
    finish(current, resource)
}

fn finish(before: &Object, resource: Object) -> Result<Changed, ScimError> {
    if user_name(&resource).is_none_or(|name| name.trim().is_empty()) {
        return Err(ScimError::value("userName is required and can't be empty"));
    }
    Ok(Changed::between(before, resource))
}

/// The user name.
pub fn user_name(resource: &Object) -> Option<&str> {
    resource.get("userName")?.as_str()
}

/// The client's id of the user.
pub fn external_id(resource: &Object) -> Option<&str> {
    resource.get("externalId")?.as_str()
}

/// The name for display.
pub fn display_name(resource: &Object) -> Option<&str> {
    resource.get("displayName")?.as_str()
}

/// Whether the user is active.
pub fn active(resource: &Object) -> bool {
    resource.get("active").and_then(Value::as_bool).unwrap_or(true)
}

/// The user type; Regular where none is given.
pub fn user_type(resource: &Object) -> UserType {
    resource
        .get(USHER_USER)
        .and_then(|extension| extension.get("userType")?.as_str()?.parse().ok())
        .unwrap_or_default()
}

/// The primary address: the one marked so, else that of work, else the first.
pub fn primary_email(resource: &Object) -> Option<&str> {
    let emails = resource.get("emails")?.as_array()?;
    let marked = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
    marked
        .or_else(|| emails.iter().find(|email| is_work(email)))
        .or_else(|| emails.first())?
        .get("value")?
        .as_str()
}

/// The address that `emails[type eq "work"]` finds.
pub fn work_email(resource: &Object) -> Option<&str> {
    resource.get("emails")?.as_array()?.iter().find(|email| is_work(email))?.get("value")?.as_str()
}

fn is_work(email: &Value) -> bool {
    email.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
}
