//! The policy at a limit.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// What happens if a seat is requested beyond the limit. Releasing a seat is always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum AtLimit {
    /// The seat is given and metered, and an alert is raised.
    Allow,
    /// The seat is given; each quarter of the commitment charges the peak beyond the commitment at its end.
    AllowTrueUp,
    /// New users become Collaborators (free); beyond the collaborator limit they are refused.
    Degrade,
    /// The seat is refused: creation, reactivation and upgrade fail.
    Block,
}

named!(AtLimit, "policy at a limit");

impl AtLimit {
    /// Returns whether no seat of the pool is given beyond the limit.
    pub const fn is_enforced(self) -> bool {
        matches!(self, Self::Degrade | Self::Block)
    }
}
