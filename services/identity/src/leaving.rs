//! Who may only let people leave, and when a write is done.

use usher_base::{CallContext, Permission};

use crate::error::IdentityError;
use crate::user::User;

/// Asks that the caller may read one user. Some identity providers read somebody before they deactivate them.
pub(crate) fn require_read(ctx: &CallContext) -> Result<(), IdentityError> {
    if ctx.credential().permits(Permission::UsersLeave) {
        return Ok(());
    }
    Ok(ctx.require(Permission::UsersRead)?)
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
    /// As far as the caller may write: who may only let people leave does no more than that.
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
