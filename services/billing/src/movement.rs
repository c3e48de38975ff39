//! Who came, left and changed class on each date: the roll-forward from one closing to the next.

use usher_base::id::PersonKey;

use crate::class::SeatClass;
use crate::rating::{Calendar, Stay};

/// What happened to one class on one date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    /// Open just before the date's first instant.
    pub(crate) opening: i64,
    pub(crate) started: i64,
    pub(crate) stopped: i64,
    pub(crate) changed_in: i64,
    pub(crate) changed_out: i64,
}

impl Movement {
    /// Open at the date's last microsecond.
    pub(crate) const fn closing(&self) -> i64 {
        self.opening + self.started - self.stopped + self.changed_in - self.changed_out
    }
}

/// One end of a stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Started,
    Stopped,
    ChangedIn,
    ChangedOut,
}

/// Everything that happens within a period: instant, person, class, what. Stays are whole, not
/// clipped, and those that end as the period opens are among them.
pub(crate) fn steps(
    stays: &[Stay<PersonKey>],
    calendar: &Calendar,
) -> Vec<(i64, PersonKey, SeatClass, Step)> {
    let mut sorted: Vec<&Stay<PersonKey>> = stays.iter().collect();
    sorted.sort_by_key(|stay| (stay.person, stay.start));
    let mut steps = Vec::new();
    for (index, stay) in sorted.iter().enumerate() {
        let touches = |other: Option<&&Stay<PersonKey>>, end: Option<i64>, start: i64| {
            other.is_some_and(|other| other.person == stay.person) && end == Some(start)
        };
        let before = index.checked_sub(1).and_then(|before| sorted.get(before));
        let after = sorted.get(index + 1);
        let class = SeatClass::at(stay.class);
        let from_other = touches(before, before.and_then(|before| before.end), stay.start);
        steps.push((
            stay.start,
            stay.person,
            class,
            if from_other { Step::ChangedIn } else { Step::Started },
        ));
        if let Some(end) = stay.end {
            let to_other = touches(after, Some(end), after.map_or(i64::MIN, |after| after.start));
            steps.push((end, stay.person, class, if to_other { Step::ChangedOut } else { Step::Stopped }));
        }
    }
    steps.retain(|(at, ..)| calendar.open() <= *at && *at < calendar.close());
    steps.sort_by_key(|(at, person, ..)| (*at, *person));
    steps
}

/// The movements of each class, at its index, and date.
pub(crate) fn daily(stays: &[Stay<PersonKey>], calendar: &Calendar) -> Vec<Vec<Movement>> {
    let mut movements = vec![vec![Movement::default(); calendar.len()]; SeatClass::COUNT];
    for (at, _, class, step) in steps(stays, calendar) {
        let movement = &mut movements[class.index()][calendar.locate(at)];
        match step {
            Step::Started => movement.started += 1,
            Step::Stopped => movement.stopped += 1,
            Step::ChangedIn => movement.changed_in += 1,
            Step::ChangedOut => movement.changed_out += 1,
        }
    }
    for (class, of_class) in movements.iter_mut().enumerate() {
        let open = |stay: &&Stay<PersonKey>| {
            stay.class == class
                && stay.start < calendar.open()
                && stay.end.is_none_or(|end| end >= calendar.open())
        };
        let mut opening = i64::try_from(stays.iter().filter(open).count()).unwrap_or(i64::MAX);
        for movement in of_class {
            movement.opening = opening;
            opening = movement.closing();
        }
    }
    movements
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::rating::Presence;
    use crate::rating::count;

    proptest! {
        #[test]
        fn i8_and_i9_closings_follow_from_movements_and_changes_net_to_zero(
            drawn in prop::collection::vec((0_u128..5, 0_usize..3, 0_i64..20, 1_i64..20), 0..40),
        ) {
            let calendar = Calendar::new(date(2026, 6, 1), date(2026, 6, 6), &TimeZone::UTC).unwrap();
            let hour = 3_600_000_000;
            let mut next = [calendar.open() - 30 * hour; 5];
            let mut stays: Vec<Stay<PersonKey>> = Vec::new();
            for (person, class, gap, length) in drawn {
                let place = usize::try_from(person).unwrap();
                let key = PersonKey::from_uuid(Uuid::from_u128(person));
                // No gap: a change of class, or the same stay going on.
                let start = next[place] + gap / 2 * hour;
                let end = start + length * hour;
                next[place] = end;
                match stays.iter_mut().find(|s| s.person == key && s.end == Some(start) && s.class == class) {
                    Some(before) => before.end = Some(end),
                    None => stays.push(Stay { person: key, class, start, end: Some(end) }),
                }
            }

            let movements = daily(&stays, &calendar);

            let presence = Presence::new(stays.iter().copied(), &SeatClass::rated(), &calendar);
            let counts = count::daily(&presence, &SeatClass::rated(), &calendar);
            for (of_class, counts) in movements.iter().zip(&counts) {
                for (movement, count) in of_class.iter().zip(counts) {
                    prop_assert_eq!(movement.closing(), count.closing);
                }
            }
            for day in 0..calendar.len() {
                let net: i64 = movements.iter().map(|m| m[day].changed_in - m[day].changed_out).sum();
                prop_assert_eq!(net, 0);
            }
        }
    }
}
