//! Limits of seats: the maximum number, and the policy at it.

use usher_seats::{AtLimit, Cap, Pool};

/// The maximum number of seats of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// No maximum.
    Unlimited,
    /// A fixed number.
    Seats(i64),
    /// The number that a cap gives.
    Cap(Cap),
}

impl Most {
    /// Returns the maximum for a number of paid licences. Both `None`s mean unlimited.
    pub fn seats(self, licences: Option<i64>) -> Option<i64> {
        match self {
            Self::Unlimited => None,
            Self::Seats(seats) => Some(seats),
            Self::Cap(cap) => licences.map(|licences| cap.seats(licences)),
        }
    }
}

/// The setting of a pool's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The maximum number of seats.
    pub most: Most,
    /// The policy at the limit.
    pub at_limit: AtLimit,
}

impl Rule {
    /// The limit of a pool for which nothing is set.
    pub const UNLIMITED: Self = Self { most: Most::Unlimited, at_limit: AtLimit::Allow };
}

/// The limit of a pool in a workspace's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimit {
    pub pool: Pool,
    /// The version of the policy that contains the limit.
    pub version: i64,
    pub rule: Rule,
}

/// The limit of a pool that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub pool: Pool,
    /// Counts up; the last version is in force.
    pub version: i64,
    /// The version of the policy that gives the limit; `None` if billing has set it.
    pub plan_version: Option<i64>,
    /// The setting that is in force.
    pub rule: Rule,
    /// The resulting maximum number of seats; `None` is unlimited.
    pub quantity: Option<i64>,
    /// For a cap: the number of committed paid seats at that time.
    pub committed: i64,
}

/// The thresholds for alerts, in percent of a limit. Each raises one alert per version.
pub const THRESHOLDS: [i64; 3] = [80, 90, 100];

/// Returns the thresholds that a usage has reached.
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
