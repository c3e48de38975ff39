//! The number of open seats of a pool over time.

use std::collections::BTreeMap;

use usher_base::id::PersonKey;
use usher_rating::{Calendar, Stay, Step};
use usher_seats::{Pool, SeatClass};

/// The open seats of a pool within a range of time.
pub(crate) struct PoolUsage {
    /// In order; the first step is at the first instant of the range.
    steps: Vec<Step>,
}

impl PoolUsage {
    /// Returns the number of seats open at an instant.
    pub(crate) fn at(&self, instant: i64) -> i64 {
        let passed = self.steps.partition_point(|step| step.at <= instant);
        passed.checked_sub(1).map_or(0, |last| self.steps[last].open)
    }

    /// Returns the maximum number of seats open at once from an instant to before another.
    pub(crate) fn peak(&self, start: i64, end: i64) -> i64 {
        let within = self.steps.partition_point(|step| step.at <= start)
            ..self.steps.partition_point(|step| step.at < end);
        let later = self.steps.get(within).unwrap_or_default();
        later.iter().map(|step| step.open).fold(self.at(start), i64::max)
    }

    /// Returns the first instant before `end` at which the open seats reached the limit. `limits` has the time from
    /// which each limit applies; `None` is unlimited.
    pub(crate) fn first_hit(&self, limits: &[(i64, Option<i64>)], end: i64) -> Option<i64> {
        let first = self.steps.first()?.at;
        let most = |instant| limits.iter().rfind(|(at, _)| *at <= instant).and_then(|(_, most)| *most);
        let mut instants: Vec<i64> =
            self.steps.iter().map(|step| step.at).chain(limits.iter().map(|(at, _)| *at)).collect();
        instants.sort_unstable();
        instants
            .into_iter()
            .filter(|at| (first..end).contains(at))
            .find(|at| most(*at).is_some_and(|most| self.at(*at) >= most))
    }
}

/// The open seats of several pools, each within its own range.
#[derive(Default)]
pub(crate) struct PoolUsages(BTreeMap<Pool, PoolUsage>);

impl PoolUsages {
    /// Returns the usage of a pool. Returns `None` if the pool was not counted.
    pub(crate) fn of(&self, pool: Pool) -> Option<&PoolUsage> {
        self.0.get(&pool)
    }

    /// Returns the maximum number of seats of a pool open at once within a calendar.
    pub(crate) fn peak(&self, pool: Pool, calendar: &Calendar) -> i64 {
        self.of(pool).map_or(0, |usage| usage.peak(calendar.open(), calendar.close()))
    }
}

/// The changes of open seats by pool, while persons are being counted.
pub(crate) struct PoolChanges(BTreeMap<Pool, Changes>);

struct Changes {
    /// The first instant, and the first instant after the range.
    span: (i64, i64),
    /// The change of the number of open seats at each instant.
    by_instant: BTreeMap<i64, i64>,
}

impl PoolChanges {
    /// Counts no pool yet.
    pub(crate) const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Counts a pool within a calendar as well.
    pub(crate) fn cover(&mut self, pool: Pool, calendar: &Calendar) {
        let span = (calendar.open(), calendar.close());
        let changes = self.0.entry(pool).or_insert_with(|| Changes { span, by_instant: BTreeMap::new() });
        changes.span = (changes.span.0.min(span.0), changes.span.1.max(span.1));
    }

    /// Returns the range in which persons must be read, extended by some calendars.
    pub(crate) fn span<'c>(&self, calendars: impl IntoIterator<Item = &'c Calendar>) -> (i64, i64) {
        let calendars = calendars.into_iter().map(|calendar| (calendar.open(), calendar.close()));
        let spans = calendars.chain(self.0.values().map(|changes| changes.span));
        spans.reduce(|(open, close), span| (open.min(span.0), close.max(span.1))).unwrap_or_default()
    }

    /// Adds the intervals of a person.
    pub(crate) fn add(&mut self, stays: &[Stay<PersonKey>]) {
        for stay in stays {
            if let Some(changes) = self.0.get_mut(&Pool::of(SeatClass::at(stay.class))) {
                changes.add(stay);
            }
        }
    }

    /// Returns the usage of all counted pools.
    pub(crate) fn finish(self) -> PoolUsages {
        let usage = |mut changes: Changes| {
            changes.by_instant.entry(changes.span.0).or_default();
            PoolUsage { steps: Step::of(&changes.by_instant) }
        };
        PoolUsages(self.0.into_iter().map(|(pool, changes)| (pool, usage(changes))).collect())
    }
}

impl Changes {
    fn add(&mut self, stay: &Stay<PersonKey>) {
        let (open, close) = self.span;
        let (start, end) = (stay.start.max(open), stay.end.unwrap_or(i64::MAX));
        if start >= end.min(close) {
            return;
        }
        *self.by_instant.entry(start).or_default() += 1;
        if end < close {
            *self.by_instant.entry(end).or_default() -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage() -> PoolUsage {
        let steps = [(0, 3), (10, 5), (20, 4), (30, 6)];
        PoolUsage { steps: steps.map(|(at, open)| Step { at, open }).to_vec() }
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
