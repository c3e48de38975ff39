//! Classes of seats.

use std::fmt;
use std::str::FromStr;

use crate::rating;

/// What a seat is charged as. Later variants rank higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeatClass {
    /// Takes part for free.
    Collaborator,
    /// From outside, paid.
    External,
    /// Of the organization, paid.
    Regular,
}

/// The text names no class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no seat class {0:?}; the classes are regular, external and collaborator")]
pub struct UnknownClass(String);

impl SeatClass {
    /// How many there are.
    pub const COUNT: usize = 3;
    /// All, highest rank first: the order of lines and reports.
    pub const BY_RANK: [Self; Self::COUNT] = [Self::Regular, Self::External, Self::Collaborator];

    /// The class of a SCIM user type. An unknown type is an error, never a free seat.
    ///
    /// # Errors
    /// The type is unknown.
    pub fn of_user_type(user_type: &str) -> Result<Self, UnknownClass> {
        Self::BY_RANK
            .into_iter()
            .find(|class| class.user_type() == user_type)
            .ok_or_else(|| UnknownClass(user_type.chars().take(40).collect()))
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::External => "external",
            Self::Collaborator => "collaborator",
        }
    }

    /// Its SCIM user type.
    pub const fn user_type(self) -> &'static str {
        match self {
            Self::Regular => "Regular",
            Self::External => "External",
            Self::Collaborator => "Collaborator",
        }
    }

    /// Whether a seat of it costs anything.
    pub const fn priced(self) -> bool {
        !matches!(self, Self::Collaborator)
    }

    /// Its position among the classes that are rated.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The class at a position.
    pub fn at(index: usize) -> Self {
        Self::BY_RANK.into_iter().find(|class| class.index() == index).unwrap_or(Self::Regular)
    }

    /// The classes as rating takes them, each at its position.
    pub fn rated() -> Vec<rating::SeatClass> {
        let mut classes: Vec<Self> = Self::BY_RANK.into();
        classes.sort_unstable();
        let rated = |class: Self| rating::SeatClass {
            name: class.as_str().to_owned(),
            rank: class as u16 + 1,
            priced: class.priced(),
        };
        classes.into_iter().map(rated).collect()
    }
}

impl fmt::Display for SeatClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SeatClass {
    type Err = UnknownClass;

    fn from_str(text: &str) -> Result<Self, UnknownClass> {
        Self::BY_RANK
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| UnknownClass(text.chars().take(40).collect()))
    }
}
