//! Deactivations by callers who may do nothing else, and deactivations in requests that are otherwise invalid.

use serde_json::Value;
use usher_base::{CallContext, Fault as _, Permission};
use usher_scim::{Object, ScimError, ScimType, json, user as scim};

use crate::error::IdentityError;
use crate::user::User;
use crate::users::Users;

/// Checks that the caller may read one user. Some identity providers read a user before they deactivate it.
pub(crate) fn require_read(ctx: &CallContext) -> Result<(), IdentityError> {
    if ctx.credential().permits(Permission::UsersLeave) {
        return Ok(());
    }
    Ok(ctx.require(Permission::UsersRead)?)
}

/// Whether a write was refused because of its document: the client gets a 400, and will not repeat it. All other
/// errors are temporary, or refuse the write on purpose.
fn is_of_the_document(fault: &IdentityError) -> bool {
    fault.reason().row().http == 400
}

/// The condition for a write to an existing user.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Condition<'a> {
    /// Only if the user has one of these versions; empty means any.
    pub(crate) versions: &'a [i64],
    /// Only if the write deactivates the user.
    pub(crate) leaving_only: bool,
}

impl Condition<'_> {
    /// Adds the restrictions of the caller. If it may only deactivate, the write must make an active user inactive,
    /// and is then done completely.
    pub(crate) fn restricted_to_caller(self, ctx: &CallContext) -> Result<Self, IdentityError> {
        if ctx.credential().permits(Permission::UsersWrite) {
            return Ok(self);
        }
        if !ctx.credential().permits(Permission::UsersLeave) {
            ctx.require(Permission::UsersWrite)?;
        }
        Ok(Self { leaving_only: true, ..self })
    }

    /// Checks that the user has a version that the write is limited to.
    pub(crate) fn judge_version(self, current: &User) -> Result<(), IdentityError> {
        let fits = self.versions.is_empty() || self.versions.contains(&current.version);
        if fits { Ok(()) } else { Err(IdentityError::Stale) }
    }

    /// Checks that a write with this effect is permitted.
    pub(crate) fn judge_effect(self, leaves: bool) -> Result<(), IdentityError> {
        if leaves || !self.leaving_only { Ok(()) } else { Err(IdentityError::OnlyLeaving) }
    }
}

impl Users {
    /// Handles the outcome of a write. If the document is invalid, but says that an active user becomes inactive,
    /// only the deactivation is done. The error is still returned, and says that nothing else was done.
    pub(crate) async fn or_deactivate(
        &self,
        ctx: &CallContext,
        id: &str,
        condition: Condition<'_>,
        (document, leaves): (&str, impl Fn(&Value) -> bool + Send),
        outcome: Result<User, IdentityError>,
    ) -> Result<User, IdentityError> {
        let fault = match outcome {
            Err(fault) if is_of_the_document(&fault) => fault,
            outcome => return outcome,
        };
        let says_so = move || json::parse(document).is_ok_and(|body| leaves(&body));
        if !self.workbench.run(ctx, document.len(), says_so).await {
            return Err(fault);
        }
        let leave = |current: &Object| {
            if scim::active(current) {
                Ok(scim::leave(current))
            } else {
                Err(ScimError::new(ScimType::NoTarget, "the user was deactivated"))
            }
        };
        match self.write(ctx, id, condition, (None, 0), leave).await {
            Ok(_) => Err(IdentityError::LeftOnly(Box::new(fault))),
            Err(IdentityError::Scim(_)) => Err(fault),
            Err(other) => Err(other),
        }
    }
}
