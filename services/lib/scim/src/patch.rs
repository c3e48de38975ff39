//! PATCH (RFC 7644 section 3.5.2), in every dialect that identity providers speak: one engine.

mod operation;
mod path_less;
mod target;

pub use operation::{MAX_OPERATIONS, Op, Operation, parse};

use crate::error::ScimError;
use crate::schema::ResourceType;
use crate::{Object, Profile};

/// Applies operations in order, all or none, and gives the resource after them.
///
/// Default profile: adding or replacing through `emails[type eq "work"]` creates the element that
/// the filter describes where there is none; `""` and `null` clear; removing what is absent
/// changes nothing.
///
/// # Errors
/// `invalidPath`, `noTarget`, `mutability` or `invalidValue`, naming the operation.
pub fn apply(
    current: &Object,
    operations: &[Operation],
    resource_type: &'static ResourceType,
    profile: Profile,
) -> Result<Object, ScimError> {
    let mut resource = current.clone();
    for (index, operation) in operations.iter().enumerate() {
        let outcome = match &operation.path {
            Some(path) => target::apply(&mut resource, operation, path, resource_type, profile),
            None => path_less::apply(&mut resource, operation, resource_type, profile),
        };
        outcome.map_err(|error| {
            ScimError::new(error.scim_type, format!("operation {}: {}", index + 1, error.detail))
        })?;
    }
    Ok(resource)
}
