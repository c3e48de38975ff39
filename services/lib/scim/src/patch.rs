//! PATCH (RFC 7644 section 3.5.2): one engine for the dialects of all identity providers.

mod budget;
mod operation;
mod path_less;
mod target;

pub(crate) use budget::Budget;
pub(crate) use operation::readable;
pub use operation::{MAX_OPERATIONS, Op, Operation, parse};

use crate::error::ScimError;
use crate::schema::ResourceType;
use crate::{Object, Profile};

/// Applies operations in order, all or none, and returns the resource after them.
///
/// In the default profile, an operation that adds or replaces through `emails[type eq "work"]` creates the
/// element that the filter describes if there is none; `""` and `null` clear; removing an absent value
/// changes nothing.
///
/// # Errors
/// `invalidPath`, `noTarget`, `mutability`, `invalidValue` or `tooMany`; the detail names the operation.
pub fn apply(
    current: &Object,
    operations: &[Operation],
    resource_type: &ResourceType,
    profile: Profile,
) -> Result<Object, ScimError> {
    let mut resource = current.clone();
    let mut budget = Budget::default();
    for (index, operation) in operations.iter().enumerate() {
        apply_one(&mut resource, operation, resource_type, profile, &mut budget)
            .map_err(|error| numbered(index, &error))?;
    }
    Ok(resource)
}

pub(crate) fn apply_one(
    resource: &mut Object,
    operation: &Operation,
    resource_type: &ResourceType,
    profile: Profile,
    budget: &mut Budget,
) -> Result<(), ScimError> {
    match &operation.path {
        Some(path) => target::apply(resource, operation, path, resource_type, profile, budget),
        None => path_less::apply(resource, operation, resource_type, profile, budget),
    }
}

/// Adds to the detail which operation is at fault, counted from 1.
pub(crate) fn numbered(index: usize, error: &ScimError) -> ScimError {
    ScimError::new(error.scim_type, format!("operation {}: {}", index + 1, error.detail))
}
