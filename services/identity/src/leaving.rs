//! Who may only let people leave, when a write is done, and who leaves although it is not.

use serde_json::Value;
use usher_base::{CallContext, Fault as _, Permission};
use usher_scim::{Object, ScimError, ScimType, json, user as scim};

use crate::error::IdentityError;
use crate::user::User;
use crate::users::Users;

/// Asks that the caller may read one user. Some identity providers read somebody before they deactivate them.
pub(crate) fn require_read(ctx: &CallContext) -> Result<(), IdentityError> {
    if ctx.credential().permits(Permission::UsersLeave) {
        return Ok(());
    }
    Ok(ctx.require(Permission::UsersRead)?)
}

/// Whether a write was refused for what its document says: its client is told 400, and would not write again. Whatever
/// else refuses a write either passes or is meant to refuse it whole.
fn is_of_the_document(fault: &IdentityError) -> bool {
    fault.reason().row().http == 400
}

/// When a write of somebody who is there is done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Condition<'a> {
    /// Only if the user has one of these versions; none means any.
    pub(crate) versions: &'a [i64],
    /// Only if the user leaves by it.
    pub(crate) leaving_only: bool,
}

impl Condition<'_> {
    /// As far as the caller may write: if it may only let people leave, a write must make an active user inactive. It is
    /// done whole then.
    pub(crate) fn of(self, ctx: &CallContext) -> Result<Self, IdentityError> {
        if ctx.credential().permits(Permission::UsersWrite) {
            return Ok(self);
        }
        if !ctx.credential().permits(Permission::UsersLeave) {
            ctx.require(Permission::UsersWrite)?;
        }
        Ok(Self { leaving_only: true, ..self })
    }

    /// Whether the user has a version that the write is for.
    pub(crate) fn judge_version(self, current: &User) -> Result<(), IdentityError> {
        let fits = self.versions.is_empty() || self.versions.contains(&current.version);
        if fits { Ok(()) } else { Err(IdentityError::Stale) }
    }

    /// Whether a write of this effect is done.
    pub(crate) fn judge_effect(self, leaves: bool) -> Result<(), IdentityError> {
        if leaves || !self.leaving_only { Ok(()) } else { Err(IdentityError::OnlyLeaving) }
    }
}

impl Users {
    /// What came of a document; where it is at fault, but says that its user leaves, who is active, the user leaves all
    /// the same. The fault is still the answer, and says so: nothing else was done, and nobody is to think it was.
    pub(crate) async fn or_leave(
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
                Err(ScimError::new(ScimType::NoTarget, "the user has left"))
            }
        };
        match self.write(ctx, id, condition, (None, 0), leave).await {
            Ok(_) => Err(IdentityError::LeftOnly(Box::new(fault))),
            Err(IdentityError::Scim(_)) => Err(fault),
            Err(other) => Err(other),
        }
    }
}
