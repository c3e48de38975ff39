//! Groups: converts what a client sends to attributes and changes of members, and renders groups.
//!
//! A canonical group has no members. Changes of members are [`Step`]s, so that a member can be added without
//! reading the others.

mod members;
mod render;

use serde_json::Value;

pub use members::{Delta, Step};
pub use render::render;

use crate::diff::Changed;
use crate::error::ScimError;
use crate::patch::{Budget, Operation, apply_one, numbered};
use crate::schema;
use crate::user::Incoming;
use crate::{Object, Profile};

/// A canonical group document.
#[derive(Clone, Debug)]
pub struct IncomingGroup {
    attributes: Incoming<'static>,
    /// The members that the document names; `None` if it has no `members`.
    members: Option<Vec<members::Member>>,
}

/// A group after a write, without its members, and the changes of its members.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupChange {
    /// The group's attributes, and what the write changed in them.
    pub changed: Changed,
    /// The changes of members, in order.
    pub members: Vec<Step>,
}

/// Canonicalizes the body of a POST or PUT.
///
/// # Errors
/// Those of [`crate::user::canonicalize`].
pub fn canonicalize(mut body: Value, profile: Profile) -> Result<IncomingGroup, ScimError> {
    let sent = match body.as_object_mut() {
        Some(body) => members::take_out(body)?,
        None => None,
    };
    let attributes = crate::user::canonicalize(&body, schema::group(), profile)?;
    let members = sent.map(|sent| members::named_by(&sent, profile)).transpose()?;
    Ok(IncomingGroup { attributes, members })
}

/// Creates a group from the body of a POST.
///
/// # Errors
/// `invalidValue` if there is no display name.
pub fn create(incoming: IncomingGroup) -> Result<GroupChange, ScimError> {
    let mut resource = Object::new();
    incoming.attributes.merge_into(&mut resource);
    let members = incoming.members.map(Delta::adding).map(Step::Delta);
    finish(&Object::new(), resource, members.into_iter().collect())
}

/// Replaces a group's attributes by PUT (RFC 7644 section 3.5.1). In the default profile, what the client
/// does not send is kept, including the members; in the strict profile it is cleared.
///
/// # Errors
/// `invalidValue` if there is no display name.
pub fn replace(
    current: &Object,
    incoming: IncomingGroup,
    profile: Profile,
) -> Result<GroupChange, ScimError> {
    incoming.attributes.require("displayName")?;
    let mut resource = match profile {
        Profile::Default => current.clone(),
        Profile::Strict => Object::new(),
    };
    incoming.attributes.merge_into(&mut resource);
    let members = match (incoming.members, profile) {
        (Some(members), _) => Some(Delta::exactly(members)),
        (None, Profile::Strict) => Some(Delta::exactly(Vec::new())),
        (None, Profile::Default) => None,
    };
    finish(current, resource, members.map(Step::Delta).into_iter().collect())
}

/// Applies a PATCH to a group (RFC 7644 section 3.5.2): all operations in order, or none.
///
/// # Errors
/// `invalidPath`, `noTarget`, `mutability` or `invalidValue`; the detail names the operation.
pub fn patch(current: &Object, operations: &[Operation], profile: Profile) -> Result<GroupChange, ScimError> {
    let mut resource = current.clone();
    let (mut steps, mut budget) = (Vec::new(), Budget::default());
    for (index, operation) in operations.iter().enumerate() {
        let rest = members::take(operation, &mut steps, profile).map_err(|error| numbered(index, &error))?;
        if let Some(rest) = rest {
            apply_one(&mut resource, &rest, schema::group(), profile, &mut budget)
                .map_err(|error| numbered(index, &error))?;
        }
    }
    finish(current, resource, steps)
}

/// Returns the changes of members if the operations change nothing else and filter no member: then the
/// group's attributes need not be read.
///
/// # Errors
/// Those of [`patch`].
pub fn membership_alone(operations: &[Operation], profile: Profile) -> Result<Option<Delta>, ScimError> {
    let mut steps = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let rest = members::take(operation, &mut steps, profile).map_err(|error| numbered(index, &error))?;
        if rest.is_some() {
            return Ok(None);
        }
    }
    Ok(match steps.as_mut_slice() {
        [] => Some(Delta::default()),
        [Step::Delta(delta)] => Some(std::mem::take(delta)),
        _ => None,
    })
}

fn finish(before: &Object, resource: Object, members: Vec<Step>) -> Result<GroupChange, ScimError> {
    if display_name(&resource).is_none_or(|name| name.trim().is_empty()) {
        return Err(ScimError::value("displayName is required and can't be empty"));
    }
    let members = members.into_iter().filter(|step| !step.is_empty()).collect();
    Ok(GroupChange { changed: Changed::between(before, resource), members })
}

/// Returns the group's display name.
pub fn display_name(resource: &Object) -> Option<&str> {
    resource.get("displayName")?.as_str()
}
