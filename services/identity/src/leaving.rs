//! Deactivations by callers who may do nothing else, and deactivations in requests that are otherwise invalid.

use serde_json::Value;
use usher_base::{CallContext, Denied, Fault as _, Permission, TenantScope};
use usher_scim::{Object, ScimError, ScimType, json, user as scim};

use crate::error::IdentityError;
use crate::methods::WRITE_ONE;
use crate::user::User;
use crate::users::Users;

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
    /// The scope of a caller with one of the permissions [`WRITE_ONE`], and the condition with the caller's
    /// restrictions. If the caller may only deactivate, the write must make an active user inactive, and is then done
    /// completely.
    pub(crate) fn restricted_to_caller(self, ctx: &CallContext) -> Result<(TenantScope, Self), Denied> {
        let scope = ctx.scope_with_any(WRITE_ONE)?;
        let leaving_only = self.leaving_only || !ctx.credential().permits(Permission::UsersWrite);
        Ok((scope, Self { leaving_only, ..self }))
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
        scope: &TenantScope,
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
        if !self.workbench.run(scope.ctx(), document.len(), says_so).await {
            return Err(fault);
        }
        let leave = |current: &Object| {
            if scim::active(current) {
                Ok(scim::leave(current))
            } else {
                Err(ScimError::new(ScimType::NoTarget, "the user was deactivated"))
            }
        };
        match self.write(scope, id, condition, (None, 0), leave).await {
            Ok(_) => Err(IdentityError::LeftOnly(Box::new(fault))),
            Err(IdentityError::Scim(_)) => Err(fault),
            Err(other) => Err(other),
        }
    }
}
