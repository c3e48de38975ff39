//! The user type, which determines the seat class.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::SeatClass;
use crate::named::named;

/// The kind of a user, as in the attribute `userType`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Display, IntoStaticStr, VariantArray,
)]
pub enum UserType {
    /// A person of the organization; a paid seat.
    #[default]
    Regular,
    /// A person from outside the organization; a paid seat.
    External,
    /// Takes part free of charge.
    Collaborator,
}

named!(UserType, "user type");

impl UserType {
    /// Parses the type as clients write it, ignoring case and surrounding blanks.
    pub fn stated(text: &str) -> Option<Self> {
        let named = |user_type: &&Self| user_type.as_str().eq_ignore_ascii_case(text.trim());
        Self::VARIANTS.iter().find(named).copied()
    }

    /// Returns the class of the seat that an active user takes.
    pub const fn class(self) -> SeatClass {
        match self {
            Self::Regular => SeatClass::Regular,
            Self::External => SeatClass::External,
            Self::Collaborator => SeatClass::Collaborator,
        }
    }
}

impl SeatClass {
    /// The SCIM user type whose users take such a seat.
    pub const fn user_type(self) -> UserType {
        match self {
            Self::Regular => UserType::Regular,
            Self::External => UserType::External,
            Self::Collaborator => UserType::Collaborator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_write_a_type_as_they_like_and_columns_as_it_is() {
        assert_eq!(UserType::stated(" COLLABORATOR "), Some(UserType::Collaborator));
        assert_eq!(UserType::stated("Employee"), None);
        assert_eq!("External".parse::<UserType>(), Ok(UserType::External));
        let fault = "external".parse::<UserType>().unwrap_err().to_string();
        assert_eq!(fault, "there is no user type \"external\"; there are Regular, External, Collaborator");
    }
}
