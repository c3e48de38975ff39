//! Pools of seats, which limits and commitments are of.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::SeatClass;
use crate::named::named;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Pool {
    /// Regular and External.
    Paid,
    /// Collaborator.
    Collaborator,
}

named!(Pool, "pool");

impl Pool {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Paid, Self::Collaborator];

    /// The pool of a class.
    pub const fn of(class: SeatClass) -> Self {
        if class.is_paid() { Self::Paid } else { Self::Collaborator }
    }
}
