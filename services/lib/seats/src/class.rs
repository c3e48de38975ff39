//! Classes of seats.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::UserType;
use crate::named::named;

/// What a seat is charged as. Later variants rank higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum SeatClass {
    /// Takes part for free.
    Collaborator,
    /// From outside, paid.
    External,
    /// Of the organization, paid.
    Regular,
}

named!(SeatClass, "seat class");

impl SeatClass {
    /// How many there are.
    pub const COUNT: usize = 3;
    /// All, highest rank first: the order of lines and reports.
    pub const BY_RANK: [Self; Self::COUNT] = [Self::Regular, Self::External, Self::Collaborator];

    /// The SCIM user type whose users take such a seat.
    pub const fn user_type(self) -> UserType {
        match self {
            Self::Regular => UserType::Regular,
            Self::External => UserType::External,
            Self::Collaborator => UserType::Collaborator,
        }
    }

    /// Whether a seat of it costs anything.
    pub const fn is_paid(self) -> bool {
        !matches!(self, Self::Collaborator)
    }

    /// Its position where there is a value for each class; the lowest rank first.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The class at a position.
    ///
    /// # Panics
    /// There is no such position; none comes from outside the program.
    pub fn at(index: usize) -> Self {
        Self::VARIANTS[index]
    }
}
