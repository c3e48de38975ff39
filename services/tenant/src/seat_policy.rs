//! What happens at a workspace's seat limit.

/// What happens when a seat is wanted beyond the limit. Leaving a seat is always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum SeatPolicy {
    /// It is given.
    #[default]
    Allow,
    /// It is refused.
    Block,
    /// The person gets a free seat instead.
    Degrade,
    /// It is given; billing charges what goes beyond the commitment.
    AllowTrueUp,
}

impl SeatPolicy {
    const ALL: [Self; 4] = [Self::Allow, Self::Block, Self::Degrade, Self::AllowTrueUp];

    /// As it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
            Self::Degrade => "DEGRADE",
            Self::AllowTrueUp => "ALLOW_TRUE_UP",
        }
    }

    /// Of what is stored. What a later version of this program may have stored refuses nobody.
    pub(crate) fn of_stored(name: &str) -> Self {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name).unwrap_or_default()
    }
}
