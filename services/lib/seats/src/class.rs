//! Classes of seats.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// What a seat is charged as. Later variants rank higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum SeatClass {
    /// Takes part free of charge.
    Collaborator,
    /// A person from outside the organization, paid.
    External,
    /// A person of the organization, paid.
    Regular,
}

named!(SeatClass, "seat class");

impl SeatClass {
    /// The number of classes.
    pub const COUNT: usize = 3;
    /// All classes, highest rank first: the order of lines and reports.
    pub const BY_RANK: [Self; Self::COUNT] = [Self::Regular, Self::External, Self::Collaborator];

    /// Whether a seat of it costs anything.
    pub const fn is_paid(self) -> bool {
        !matches!(self, Self::Collaborator)
    }

    /// Returns the position in arrays with one value per class; the lowest rank comes first.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the class at a position.
    ///
    /// # Panics
    /// There is no such position. Positions never come from outside the program.
    pub fn at(index: usize) -> Self {
        Self::VARIANTS[index]
    }
}
