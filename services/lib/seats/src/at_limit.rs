//! What happens at a limit.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// What happens when a seat is wanted beyond the limit. Leaving a seat is always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum AtLimit {
    /// Seats are given and metered; alerts are raised.
    Allow,
    /// Seats are given; the peak beyond the commitment is charged at the end of each of its quarters.
    AllowTrueUp,
    /// New users become Collaborators (free); beyond the collaborator limit they are refused.
    Degrade,
    /// Seats are refused: creation, reactivation and upgrade fail.
    Block,
}

named!(AtLimit, "policy at a limit");

impl AtLimit {
    /// Whether nobody gets a seat of the pool beyond the limit.
    pub const fn is_enforced(self) -> bool {
        matches!(self, Self::Degrade | Self::Block)
    }
}
