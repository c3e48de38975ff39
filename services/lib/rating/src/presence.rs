//! The usage of each person within one period.

use crate::calendar::Calendar;
use crate::class::SeatClass;

/// A time during which a person was billable in one class; `[start, end)` in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay<P> {
    /// The person.
    pub person: P,
    /// Index of the class.
    pub class: usize,
    /// The first instant.
    pub start: i64,
    /// The first instant after it; `None` while it is open.
    pub end: Option<i64>,
}

/// A run of dates on which one class was the person's highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the class.
    pub class: usize,
    /// Index of the first date.
    pub first: usize,
    /// Index of the last date.
    pub last: usize,
}

/// The usage of one person in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<P> {
    /// The person.
    pub person: P,
    /// The intervals, clipped to the period, in order, never overlapping.
    pub stays: Vec<Stay<P>>,
    /// The dates touched, each in one class.
    pub runs: Vec<Run>,
}

/// The usage of all persons in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence<P> {
    /// Ordered by person; persons who were not billable are omitted.
    pub members: Vec<Member<P>>,
}

impl<P: Ord + Copy> Member<P> {
    /// Clips one person's intervals to a period, and finds the dates touched. Returns `None` if the person was not
    /// billable in the period. The intervals must not overlap.
    pub fn new(
        stays: impl IntoIterator<Item = Stay<P>>,
        classes: &[SeatClass],
        calendar: &Calendar,
    ) -> Option<Self> {
        let clip = |stay: Stay<P>| {
            let start = stay.start.max(calendar.open());
            let end = stay.end.unwrap_or(i64::MAX).min(calendar.close());
            (start < end).then_some(Stay { start, end: Some(end), ..stay })
        };
        let mut stays: Vec<Stay<P>> = stays.into_iter().filter_map(clip).collect();
        stays.sort_by_key(|stay| stay.start);
        let person = stays.first()?.person;
        Some(Self { person, runs: runs(&stays, classes, calendar), stays })
    }
}

impl<P: Ord + Copy> Presence<P> {
    /// Computes the usage of all persons: see [`Member::new`].
    pub fn new(stays: impl IntoIterator<Item = Stay<P>>, classes: &[SeatClass], calendar: &Calendar) -> Self {
        let mut stays: Vec<Stay<P>> = stays.into_iter().collect();
        stays.sort_by_key(|stay| stay.person);
        let of_person = stays.chunk_by(|left, right| left.person == right.person);
        let members = of_person.filter_map(|stays| Member::new(stays.iter().copied(), classes, calendar));
        Self { members: members.collect() }
    }
}

/// Finds the dates that a person's intervals touch; a date with several classes belongs to the highest.
fn runs<P>(stays: &[Stay<P>], classes: &[SeatClass], calendar: &Calendar) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for stay in stays {
        let end = stay.end.unwrap_or(calendar.close());
        let mut next =
            Run { class: stay.class, first: calendar.locate(stay.start), last: calendar.locate(end - 1) };
        while let Some(before) = runs.last_mut().filter(|run| run.last >= next.first) {
            if before.class == next.class {
                next.first = before.first;
                next.last = next.last.max(before.last);
                runs.pop();
            } else if classes[before.class].rank >= classes[next.class].rank {
                next.first = before.last + 1;
            } else if before.first == next.first {
                runs.pop();
            } else {
                before.last = next.first - 1;
            }
        }
        if next.first <= next.last {
            runs.push(next);
        }
    }
    if calendar.skips() { runs.into_iter().flat_map(|run| lived(run, calendar)).collect() } else { runs }
}

/// Splits a run so that dates skipped by the time zone are omitted: they have no usage.
fn lived(run: Run, calendar: &Calendar) -> Vec<Run> {
    let dates: Vec<usize> =
        (run.first..=run.last).filter(|date| calendar.start(*date) < calendar.start(date + 1)).collect();
    dates
        .chunk_by(|date, next| date + 1 == *next)
        .map(|dates| Run { first: dates[0], last: dates[dates.len() - 1], ..run })
        .collect()
}

/// Returns the person's highest class in the period.
pub(crate) fn highest(runs: &[Run], classes: &[SeatClass]) -> Option<usize> {
    runs.iter().map(|run| run.class).max_by_key(|class| classes[*class].rank)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn classes() -> Vec<SeatClass> {
        [("collaborator", 1), ("external", 2), ("regular", 3)]
            .map(|(name, rank)| SeatClass { name: name.into(), rank, priced: true })
            .into()
    }

    fn june() -> Calendar {
        Calendar::new(date(2026, 6, 1), date(2026, 6, 11), &TimeZone::UTC).unwrap()
    }

    proptest! {
        #[test]
        fn each_date_is_in_the_highest_class_that_touched_it(
            pieces in proptest::collection::vec((0_usize..4, 1_i64..40), 0..30),
        ) {
            let (classes, calendar) = (classes(), june());
            let mut at = calendar.open() - 30 * HOUR;
            let mut stays = Vec::new();
            for (class, hours) in pieces {
                // The fourth value represents not being billable.
                if class < 3 {
                    stays.push(Stay { person: 1, class, start: at, end: Some(at + hours * HOUR) });
                }
                at += hours * HOUR;
            }

            let presence = Presence::new(stays.clone(), &classes, &calendar);

            for index in 0..calendar.len() {
                let (open, close) = (calendar.start(index), calendar.start(index + 1));
                let wanted = stays
                    .iter()
                    .filter(|stay| stay.start < close && stay.end.unwrap() > open)
                    .map(|stay| stay.class)
                    .max();
                let found: Vec<usize> = presence
                    .members
                    .iter()
                    .flat_map(|member| &member.runs)
                    .filter(|run| run.first <= index && index <= run.last)
                    .map(|run| run.class)
                    .collect();
                prop_assert_eq!(found, Vec::from_iter(wanted));
            }
        }
    }
}
