//! Limits of seats: how many, and what happens beyond.

use std::fmt;
use std::str::FromStr;

use crate::class::SeatClass;
use crate::share::Share;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// Regular and External.
    Paid,
    /// Collaborator.
    Collaborator,
}

/// The text names no pool or policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} {text:?}; there are {known}")]
pub struct UnknownName {
    what: &'static str,
    text: String,
    known: &'static str,
}

impl Pool {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Paid, Self::Collaborator];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Collaborator => "collaborator",
        }
    }

    /// The pool of a class.
    pub const fn of(class: SeatClass) -> Self {
        if class.priced() { Self::Paid } else { Self::Collaborator }
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Pool {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName {
            what: "pool",
            text: text.chars().take(40).collect(),
            known: "paid and collaborator",
        };
        Self::ALL.into_iter().find(|pool| pool.as_str() == text).ok_or_else(unknown)
    }
}

/// What happens when a seat is wanted beyond the limit. Leaving a seat is always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is given and metered; an alert is raised.
    Allow,
    /// It is given; the peak over the commitment is trued up.
    AllowTrueUp,
    /// The person gets a free seat instead.
    Degrade,
    /// It is refused.
    Block,
}

impl Policy {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Allow, Self::AllowTrueUp, Self::Degrade, Self::Block];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::AllowTrueUp => "ALLOW_TRUE_UP",
            Self::Degrade => "DEGRADE",
            Self::Block => "BLOCK",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Policy {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName {
            what: "policy",
            text: text.chars().take(40).collect(),
            known: "ALLOW, ALLOW_TRUE_UP, DEGRADE and BLOCK",
        };
        Self::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or_else(unknown)
    }
}

/// The most seats of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// As many as come.
    Unlimited,
    /// A number.
    Seats(i64),
    /// So many as come to the paid licences.
    Share(Share),
}

impl Most {
    /// The number that it comes to for so many paid licences; none is unlimited, of both.
    pub fn seats(self, licences: Option<i64>) -> Option<i64> {
        match self {
            Self::Unlimited => None,
            Self::Seats(seats) => Some(seats),
            Self::Share(share) => licences.map(|licences| share.of(licences)),
        }
    }
}

/// What somebody says about a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The most seats.
    pub most: Most,
    /// What happens beyond.
    pub policy: Policy,
}

impl Rule {
    /// What holds where nobody says anything.
    pub const UNLIMITED: Self = Self { most: Most::Unlimited, policy: Policy::Allow };
}

/// The limit of a pool that a workspace's plan gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimit {
    /// What it counts.
    pub pool: Pool,
    /// The version of the policy that says so.
    pub version: i64,
    /// What it says.
    pub rule: Rule,
}

/// The limit of a pool, as it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What it counts.
    pub pool: Pool,
    /// Counts up; the last one holds.
    pub version: i64,
    /// The version of the policy that gives it; none where billing has set it.
    pub plan_version: Option<i64>,
    /// What was said.
    pub rule: Rule,
    /// The most seats that this comes to; none is unlimited.
    pub quantity: Option<i64>,
    /// Of a share: what was committed of the paid pool then.
    pub committed: i64,
}

/// The thresholds, in percent of a limit, at which an alert is raised, each once a version.
pub const THRESHOLDS: [i64; 3] = [80, 90, 100];

/// The thresholds that a use has reached.
pub fn reached(limit: &Limit, in_use: i64) -> impl Iterator<Item = i64> {
    let (most, in_use) = (limit.quantity.map(i128::from), i128::from(in_use));
    THRESHOLDS.into_iter().filter(move |percent| {
        most.is_some_and(|most| in_use * 100 >= most * i128::from(*percent) && in_use > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_reached_in_order_and_never_without_a_limit() {
        let limit = |quantity| Limit {
            pool: Pool::Paid,
            version: 1,
            plan_version: None,
            rule: Rule::UNLIMITED,
            quantity,
            committed: 0,
        };
        let at = |quantity, in_use| reached(&limit(quantity), in_use).collect::<Vec<_>>();

        assert_eq!(at(Some(10), 7), Vec::<i64>::new());
        assert_eq!(at(Some(10), 8), [80]);
        assert_eq!(at(Some(10), 12), [80, 90, 100]);
        assert_eq!(at(None, 12), Vec::<i64>::new());
        assert_eq!(at(Some(i64::MAX), 12), Vec::<i64>::new());
        assert_eq!(at(Some(0), 0), Vec::<i64>::new());
    }
}
