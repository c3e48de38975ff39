//! Limits of seats: how many, and what happens beyond.

use usher_seats::{AtLimit, Cap, Pool};

/// The most seats of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// As many as come.
    Unlimited,
    /// A number.
    Seats(i64),
    /// As many as a cap comes to.
    Cap(Cap),
}

impl Most {
    /// The number that it comes to for so many paid licences; none is unlimited, of both.
    pub fn seats(self, licences: Option<i64>) -> Option<i64> {
        match self {
            Self::Unlimited => None,
            Self::Seats(seats) => Some(seats),
            Self::Cap(cap) => licences.map(|licences| cap.seats(licences)),
        }
    }
}

/// What somebody says about a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The most seats.
    pub most: Most,
    /// What happens beyond.
    pub at_limit: AtLimit,
}

impl Rule {
    /// What holds where nobody says anything.
    pub const UNLIMITED: Self = Self { most: Most::Unlimited, at_limit: AtLimit::Allow };
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
    /// Of a cap: what was committed of the paid pool then.
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
