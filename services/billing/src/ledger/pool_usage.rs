//! How many seats of a pool are open when.

use std::collections::BTreeMap;

use usher_seats::{Pool, SeatClass};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::members;
use crate::rating::{Calendar, Step};

/// The open seats of a pool within some dates.
pub(crate) struct PoolUsage {
    /// In order; the first at the first instant.
    steps: Vec<Step>,
}

impl PoolUsage {
    /// By the ledger's facts up to a number.
    pub(crate) async fn read(
        tx: &mut TenantTx,
        sequence: i64,
        pool: Pool,
        calendar: &Calendar,
    ) -> Result<Self, BillingError> {
        let mut changes = BTreeMap::from([(calendar.open(), 0)]);
        members::each(tx, sequence, calendar, |member| {
            for stay in member.stays.iter().filter(|stay| Pool::of(SeatClass::at(stay.class)) == pool) {
                *changes.entry(stay.start).or_default() += 1;
                if let Some(end) = stay.end.filter(|end| *end < calendar.close()) {
                    *changes.entry(end).or_default() -= 1;
                }
            }
        })
        .await?;
        Ok(Self { steps: Step::of(&changes) })
    }

    /// Open at an instant.
    pub(crate) fn at(&self, instant: i64) -> i64 {
        let passed = self.steps.partition_point(|step| step.at <= instant);
        passed.checked_sub(1).map_or(0, |last| self.steps[last].open)
    }

    /// The most open at once from an instant to before another.
    pub(crate) fn peak(&self, start: i64, end: i64) -> i64 {
        let within = self.steps.partition_point(|step| step.at <= start)
            ..self.steps.partition_point(|step| step.at < end);
        let later = self.steps.get(within).unwrap_or_default();
        later.iter().map(|step| step.open).fold(self.at(start), i64::max)
    }

    /// The first instant, before an end, at which as many seats were open as there might be: `limits` has
    /// from when on how many, and `None` is unlimited.
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
