//! The user type, which decides the seat class.

use std::fmt;
use std::str::FromStr;

use crate::error::short;

/// What kind of user somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum UserType {
    /// Of the organization; a paid seat.
    #[default]
    Regular,
    /// From outside; a paid seat.
    External,
    /// Takes part for free.
    Collaborator,
}

/// The text names no user type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("userType must be Regular, External or Collaborator, not {:?}", short(.0))]
pub struct UnknownUserType(String);

impl UserType {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Regular, Self::External, Self::Collaborator];

    /// The canonical value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "Regular",
            Self::External => "External",
            Self::Collaborator => "Collaborator",
        }
    }

    /// Whether it draws from the pool of paid seats.
    pub const fn is_paid(self) -> bool {
        !matches!(self, Self::Collaborator)
    }
}

impl fmt::Display for UserType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for UserType {
    type Err = UnknownUserType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|user_type| user_type.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| UnknownUserType(text.to_owned()))
    }
}
