//! Users: converts what a client sends to the canonical resource, and renders it for the wire.
//!
//! In a canonical resource, attributes are spelled as in the schema, core attributes are at the top level,
//! and extensions are objects under their URN. It has neither `id` nor `meta` nor `schemas`.

mod incoming;
mod leaving;
mod render;

use serde_json::Value;

pub(crate) use incoming::merge;
pub use incoming::{Incoming, canonicalize};
pub use leaving::{patch_leaves, replace_leaves};
pub use render::{Envelope, render};
pub use usher_seats::UserType;

use crate::diff::Changed;
use crate::error::ScimError;
use crate::patch::{Operation, apply};
use crate::schema::{MAX_USER, ResourceType, USHER_USER};
use crate::text::shows_nothing;
use crate::{Object, Profile};

/// Creates a user from the body of a POST. The user is active unless `active` says otherwise.
///
/// # Errors
/// `invalidValue` if there is no user name.
pub fn create(incoming: Incoming<'_>, profile: Profile) -> Result<Changed, ScimError> {
    let mut resource = Object::new();
    incoming.merge_into(&mut resource);
    resource.entry("active").or_insert(Value::Bool(true));
    finish(&Object::new(), resource, profile)
}

/// Replaces a user's attributes by PUT (RFC 7644 section 3.5.1). In the default profile, what the client does
/// not send is kept, and `null` or `""` clears; in the strict profile, what the client does not send is
/// cleared, except `active`.
///
/// # Errors
/// `invalidValue` if there is no user name.
pub fn replace(current: &Object, incoming: Incoming<'_>, profile: Profile) -> Result<Changed, ScimError> {
    incoming.require("userName")?;
    let mut resource = match profile {
        Profile::Default => current.clone(),
        Profile::Strict => current
            .iter()
            .filter(|(name, _)| *name == "active")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    };
    incoming.merge_into(&mut resource);
    finish(current, resource, profile)
}

/// Updates an inactive user whom a client creates again: as PUT in the default profile, and active unless the
/// client says otherwise.
///
/// # Errors
/// `invalidValue` if there is no user name.
pub fn revive(current: &Object, incoming: Incoming<'_>, profile: Profile) -> Result<Changed, ScimError> {
    let mut resource = current.clone();
    resource.insert("active".to_owned(), Value::Bool(true));
    incoming.merge_into(&mut resource);
    finish(current, resource, profile)
}

/// Applies a PATCH to a user (RFC 7644 section 3.5.2).
///
/// # Errors
/// Those of [`apply`], and `invalidValue` if no user name is left.
pub fn patch(
    current: &Object,
    operations: &[Operation],
    resource_type: &ResourceType,
    profile: Profile,
) -> Result<Changed, ScimError> {
    let resource = apply(current, operations, resource_type, profile)?;
    finish(current, resource, profile)
}

/// Deactivates a user and changes nothing else. It never fails, even if the stored user breaks rules that
/// were made later.
pub fn leave(current: &Object) -> Changed {
    let mut resource = current.clone();
    resource.insert("active".to_owned(), Value::Bool(false));
    Changed::between(current, resource)
}

fn finish(before: &Object, mut resource: Object, profile: Profile) -> Result<Changed, ScimError> {
    if user_name(&resource).is_none_or(|name| name.trim().is_empty()) {
        return Err(ScimError::value("userName is required and can't be empty"));
    }
    if let Some(name) = user_name(&resource)
        && user_name(before) != Some(name)
        && shows_nothing(name)
    {
        return Err(ScimError::value("userName has no visible character"));
    }
    if profile == Profile::Default {
        type_only_email(&mut resource);
    }
    check_size(before, &resource)?;
    Ok(Changed::between(before, resource))
}

/// Refuses a write that makes a user larger than the maximum. A write that makes a user smaller is accepted,
/// even if the stored user exceeds the limit: it must be possible to deactivate somebody.
fn check_size(before: &Object, after: &Object) -> Result<(), ScimError> {
    // `false` is one byte longer than `true`; a deactivation must not count as growth.
    let bytes = |value: &Value| serde_json::to_vec(value).map_or(0, |json| json.len());
    let size = |resource: &Object| -> usize {
        let counted = resource.iter().filter(|(name, _)| *name != "active");
        counted.map(|(name, value)| name.len() + bytes(value)).sum()
    };
    let after = size(after);
    if after > MAX_USER && after > size(before) {
        let detail = format!("the user would have {after} bytes; a user can have at most {MAX_USER}");
        return Err(ScimError::value(detail));
    }
    Ok(())
}

/// If the only e-mail address has no type, it gets the type "work", so that `[type eq "work"]` finds it.
fn type_only_email(resource: &mut Object) {
    if let Some([Value::Object(only)]) =
        resource.get_mut("emails").and_then(Value::as_array_mut).map(Vec::as_mut_slice)
        && !only.contains_key("type")
    {
        only.insert("type".to_owned(), "work".into());
    }
}

/// Returns the user name.
pub fn user_name(resource: &Object) -> Option<&str> {
    resource.get("userName")?.as_str()
}

/// Returns the client's id of the user.
pub fn external_id(resource: &Object) -> Option<&str> {
    resource.get("externalId")?.as_str()
}

/// Returns the display name.
pub fn display_name(resource: &Object) -> Option<&str> {
    resource.get("displayName")?.as_str()
}

/// Returns whether the user is active.
pub fn active(resource: &Object) -> bool {
    resource.get("active").and_then(Value::as_bool).unwrap_or(true)
}

/// Returns the user type that a resource states: that of Usher's extension, else the core `userType` if it is
/// the name of a user type. `None` means that neither states one, and the user is Regular.
pub fn stated_user_type(resource: &Object) -> Option<UserType> {
    let named = |value: Option<&Value>| UserType::stated(value?.as_str()?);
    named(resource.get(USHER_USER).and_then(|extension| extension.get("userType")))
        .or_else(|| named(resource.get("userType")))
}

/// Returns the primary address: the one that is marked primary, else the work address, else the first.
pub fn primary_email(resource: &Object) -> Option<&str> {
    let emails = resource.get("emails")?.as_array()?;
    let marked = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
    marked
        .or_else(|| emails.iter().find(|email| is_work(email)))
        .or_else(|| emails.first())?
        .get("value")?
        .as_str()
}

/// Returns the addresses that `emails[type eq "work"]` finds.
pub fn work_emails(resource: &Object) -> impl Iterator<Item = &str> {
    let emails = resource.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    emails.iter().filter(|email| is_work(email)).filter_map(|email| email.get("value")?.as_str())
}

/// Returns the number of addresses.
pub fn emails(resource: &Object) -> usize {
    resource.get("emails").and_then(Value::as_array).map_or(0, Vec::len)
}

fn is_work(email: &Value) -> bool {
    email.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
}
