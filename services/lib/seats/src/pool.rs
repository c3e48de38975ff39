//! Pools of seats, for limits and commitments.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::SeatClass;
use crate::named::named;

/// The classes that share one limit.
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
    /// All pools.
    pub const ALL: [Self; 2] = [Self::Paid, Self::Collaborator];

    /// Returns the pool of a class.
    pub const fn of(class: SeatClass) -> Self {
        if class.is_paid() { Self::Paid } else { Self::Collaborator }
    }
}
