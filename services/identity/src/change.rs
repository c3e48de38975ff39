//! The kinds of changes, and the causes of seat events.

/// What happened to a user. The numbers are those of the protocol and of storage.
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
