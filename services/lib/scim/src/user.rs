//! Users: from what a client sends to the canonical resource, and from there to the wire.
//!
//! A canonical resource has attributes spelled as in the schema, core ones at the top, extensions
//! as objects under their URN, and neither `id` nor `meta` nor `schemas`.

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

/// A new user. Without `active`, it is active.
///
/// # Errors
/// `invalidValue`: no user name.
pub fn create(incoming: Incoming<'_>, profile: Profile) -> Result<Changed, ScimError> {
    let mut resource = Object::new();
    incoming.merge_into(&mut resource);
    resource.entry("active").or_insert(Value::Bool(true));
    finish(&Object::new(), resource, profile)
}

/// A user after PUT (RFC 7644 section 3.5.1). In the default profile what the client does not send
/// stays, and `null` or `""` clears; in the strict one what is not sent is cleared, except `active`.
///
/// # Errors
/// `invalidValue`: no user name.
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

/// An inactive user whom a client creates again: as PUT in the default profile, and active unless the
/// client says otherwise.
///
/// # Errors
/// `invalidValue`: no user name.
pub fn revive(current: &Object, incoming: Incoming<'_>, profile: Profile) -> Result<Changed, ScimError> {
    let mut resource = current.clone();
    resource.insert("active".to_owned(), Value::Bool(true));
    incoming.merge_into(&mut resource);
    finish(current, resource, profile)
}

/// A user after PATCH (RFC 7644 section 3.5.2).
///
/// # Errors
/// As [`apply`]; and `invalidValue` where no user name is left.
pub fn patch(
    current: &Object,
    operations: &[Operation],
    resource_type: &ResourceType,
    profile: Profile,
) -> Result<Changed, ScimError> {
    let resource = apply(current, operations, resource_type, profile)?;
    finish(current, resource, profile)
}

/// A user who leaves, and nothing else. It is refused to nobody, whatever was stored before there were rules for it.
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
        return Err(ScimError::value("userName has no character that is visible"));
    }
    if profile == Profile::Default {
        type_only_email(&mut resource);
    }
    check_size(before, &resource)?;
    Ok(Changed::between(before, resource))
}

/// Refuses what makes a user larger than one may be. What makes a user smaller is taken, whatever was
/// stored before there was a limit: somebody who leaves must be able to.
fn check_size(before: &Object, after: &Object) -> Result<(), ScimError> {
    // `false` is longer than `true`, and who leaves is not larger for that.
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

/// One address without a type is the one that `[type eq "work"]` is meant to find.
fn type_only_email(resource: &mut Object) {
    if let Some([Value::Object(only)]) =
        resource.get_mut("emails").and_then(Value::as_array_mut).map(Vec::as_mut_slice)
        && !only.contains_key("type")
    {
        only.insert("type".to_owned(), "work".into());
    }
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

/// The user type that a resource states: that of Usher's extension, else the core `userType` where that is
/// the name of one. None where neither says anything, which means Regular.
pub fn stated_user_type(resource: &Object) -> Option<UserType> {
    let named = |value: Option<&Value>| UserType::stated(value?.as_str()?);
    named(resource.get(USHER_USER).and_then(|extension| extension.get("userType")))
        .or_else(|| named(resource.get("userType")))
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

/// The addresses that `emails[type eq "work"]` finds.
pub fn work_emails(resource: &Object) -> impl Iterator<Item = &str> {
    let emails = resource.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    emails.iter().filter(|email| is_work(email)).filter_map(|email| email.get("value")?.as_str())
}

/// How many addresses there are.
pub fn emails(resource: &Object) -> usize {
    resource.get("emails").and_then(Value::as_array).map_or(0, Vec::len)
}

fn is_work(email: &Value) -> bool {
    email.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
}
