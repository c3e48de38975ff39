//! Limits of seats: how many, and what happens beyond.

use std::fmt;
use std::str::FromStr;

use usher_base::id::PersonKey;

use crate::class::SeatClass;
use crate::rating::{Calendar, Stay};

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

/// The limit of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What it counts.
    pub pool: Pool,
    /// Counts up; the last one holds.
    pub version: i64,
    /// The most seats; none is unlimited.
    pub quantity: Option<i64>,
    /// What happens beyond.
    pub policy: Policy,
    /// What is bought.
    pub committed: i64,
}

/// How many free collaborators a plan gives for its paid licences: 15 in a hundred, rounded up, and
/// never fewer than 20.
pub const fn collaborator_cap(paid_licences: i64) -> i64 {
    let share = (paid_licences * 15 + 99) / 100;
    if share > 20 { share } else { 20 }
}

/// The thresholds, in percent of a limit, at which an alert is raised, each once a version.
pub const THRESHOLDS: [i64; 3] = [80, 90, 100];

/// The thresholds that a use has reached.
pub fn reached(limit: &Limit, in_use: i64) -> impl Iterator<Item = i64> {
    let most = limit.quantity;
    THRESHOLDS
        .into_iter()
        .filter(move |percent| most.is_some_and(|most| in_use * 100 >= most * percent && in_use > 0))
}

/// From an instant on, so many seats of a pool are open; the first at the period's first instant.
pub(crate) fn steps(stays: &[Stay<PersonKey>], pool: Pool, calendar: &Calendar) -> Vec<(i64, i64)> {
    let mut changes = vec![(calendar.open(), 0)];
    for stay in stays.iter().filter(|stay| Pool::of(SeatClass::at(stay.class)) == pool) {
        changes.push((stay.start.max(calendar.open()), 1));
        changes
            .extend(stay.end.filter(|end| *end < calendar.close()).map(|end| (end.max(calendar.open()), -1)));
    }
    changes.retain(|(at, _)| *at < calendar.close());
    changes.sort_unstable();
    let mut open = 0;
    let mut steps: Vec<(i64, i64)> = Vec::new();
    for (at, change) in changes {
        open += change;
        match steps.last_mut() {
            // What happens at one instant is applied together.
            Some(step) if step.0 == at => step.1 = open,
            _ => steps.push((at, open)),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e31_the_collaborator_cap_for_20_133_134_and_200_paid_licences() {
        assert_eq!([20, 133, 134, 200].map(collaborator_cap), [20, 20, 21, 30]);
    }

    #[test]
    fn thresholds_are_reached_in_order_and_never_without_a_limit() {
        let limit =
            |quantity| Limit { pool: Pool::Paid, version: 1, quantity, policy: Policy::Allow, committed: 0 };
        let at = |quantity, in_use| reached(&limit(quantity), in_use).collect::<Vec<_>>();

        assert_eq!(at(Some(10), 7), Vec::<i64>::new());
        assert_eq!(at(Some(10), 8), [80]);
        assert_eq!(at(Some(10), 12), [80, 90, 100]);
        assert_eq!(at(None, 12), Vec::<i64>::new());
        assert_eq!(at(Some(0), 0), Vec::<i64>::new());
    }
}
