//! The words of the change log and of seat events.

/// What was done to a user; numbered as in the protocol and in storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub(crate) enum ChangeKind {
    Updated = 2,
    Deactivated = 3,
    Reactivated = 4,
}

/// Why a seat event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Deactivate,
    Reactivate,
    UserType,
}

impl Cause {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deactivate => "scim.deactivate",
            Self::Reactivate => "scim.reactivate",
            Self::UserType => "scim.user_type",
        }
    }
}
