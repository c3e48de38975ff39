//! How many seats of a pool are open when.

use usher_base::id::PersonKey;

use crate::class::SeatClass;
use crate::limit::Pool;
use crate::rating::{Calendar, Stay};

/// The open seats of a pool within some dates.
pub(crate) struct PoolUsage {
    /// From an instant on, so many; the first at the first instant.
    steps: Vec<(i64, i64)>,
}

impl PoolUsage {
    pub(crate) fn new(stays: &[Stay<PersonKey>], pool: Pool, calendar: &Calendar) -> Self {
        Self { steps: steps(stays, pool, calendar) }
    }

    /// Open at an instant.
    pub(crate) fn at(&self, instant: i64) -> i64 {
        self.steps.iter().rfind(|(at, _)| *at <= instant).map_or(0, |(_, open)| *open)
    }

    /// The most open at once from an instant to before another.
    pub(crate) fn peak(&self, start: i64, end: i64) -> i64 {
        let within = self.steps.iter().filter(|(at, _)| start < *at && *at < end).map(|(_, open)| *open);
        within.max().unwrap_or_default().max(self.at(start))
    }

    /// The first instant, before an end, at which as many seats were open as there might be: `limits` has
    /// from when on how many, and `None` is unlimited.
    pub(crate) fn first_hit(&self, limits: &[(i64, Option<i64>)], end: i64) -> Option<i64> {
        let first = self.steps.first()?.0;
        let most = |instant| limits.iter().rfind(|(at, _)| *at <= instant).and_then(|(_, most)| *most);
        let mut instants: Vec<i64> =
            self.steps.iter().map(|(at, _)| *at).chain(limits.iter().map(|(at, _)| *at)).collect();
        instants.sort_unstable();
        instants
            .into_iter()
            .filter(|at| (first..end).contains(at))
            .find(|at| most(*at).is_some_and(|most| self.at(*at) >= most))
    }
}

fn steps(stays: &[Stay<PersonKey>], pool: Pool, calendar: &Calendar) -> Vec<(i64, i64)> {
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

    fn usage() -> PoolUsage {
        PoolUsage { steps: vec![(0, 3), (10, 5), (20, 4), (30, 6)] }
    }

    #[test]
    fn a_peak_has_what_was_open_before_it_and_not_what_comes_at_its_end() {
        assert_eq!(usage().peak(0, 10), 3);
        assert_eq!(usage().peak(5, 30), 5);
        assert_eq!(usage().peak(21, 25), 4);
        assert_eq!(usage().peak(0, 31), 6);
    }

    #[test]
    fn a_limit_is_hit_when_use_reaches_it_or_it_is_cut_to_the_use() {
        assert_eq!(usage().first_hit(&[(-5, Some(5))], 40), Some(10));
        assert_eq!(usage().first_hit(&[(-5, Some(3))], 40), Some(0));
        assert_eq!(usage().first_hit(&[(-5, Some(6)), (22, Some(4))], 40), Some(22));
        assert_eq!(usage().first_hit(&[(12, Some(6))], 40), Some(30));
        assert_eq!(usage().first_hit(&[(12, Some(6))], 30), None);
        assert_eq!(usage().first_hit(&[(-5, None)], 40), None);
    }
}
