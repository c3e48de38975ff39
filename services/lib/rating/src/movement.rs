//! Movements: who came, left and changed class on each date, from one closing to the next.

use usher_base::id::PersonKey;
use usher_seats::SeatClass;

use crate::calendar::Calendar;
use crate::presence::Stay;

/// The movements of one class on one date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Movement {
    /// Seats open just before the date's first instant.
    pub opening: i64,
    /// Number of persons who became billable.
    pub started: i64,
    /// Number of persons who stopped being billable.
    pub stopped: i64,
    /// Number of persons who changed from another class to this one.
    pub changed_in: i64,
    /// Number of persons who changed from this class to another one.
    pub changed_out: i64,
}

impl Movement {
    /// Returns the number of seats open at the date's last microsecond.
    pub const fn closing(&self) -> i64 {
        self.opening + self.started - self.stopped + self.changed_in - self.changed_out
    }
}

/// What happens at the start or the end of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The person became billable.
    Started,
    /// The person stopped being billable.
    Stopped,
    /// The person changed from another class.
    ChangedIn,
    /// The person changed to another class.
    ChangedOut,
}

/// Returns the steps of a person within a period: instant, class and kind. The person's intervals must be in order,
/// and extend back to the microsecond before the period.
pub fn steps(stays: &[Stay<PersonKey>], calendar: &Calendar) -> impl Iterator<Item = (i64, SeatClass, Step)> {
    let touches = |before: Option<&Stay<PersonKey>>, after: Option<&Stay<PersonKey>>| {
        before.zip(after).is_some_and(|(before, after)| before.end == Some(after.start))
    };
    let ends = stays.iter().enumerate().flat_map(move |(index, stay)| {
        let (before, after) = (index.checked_sub(1).map(|before| &stays[before]), stays.get(index + 1));
        let class = SeatClass::at(stay.class);
        let start = if touches(before, Some(stay)) { Step::ChangedIn } else { Step::Started };
        let end = if touches(Some(stay), after) { Step::ChangedOut } else { Step::Stopped };
        [Some((stay.start, class, start)), stay.end.map(|at| (at, class, end))]
    });
    let within = calendar.open()..calendar.close();
    ends.flatten().filter(move |(at, ..)| within.contains(at))
}

/// The movements of each class on each date, summed person by person.
pub struct Movements<'c> {
    calendar: &'c Calendar,
    /// Ordered by class and date.
    daily: Vec<Vec<Movement>>,
}

impl<'c> Movements<'c> {
    /// Creates movements without any person.
    pub fn new(calendar: &'c Calendar) -> Self {
        Self { calendar, daily: vec![vec![Movement::default(); calendar.len()]; SeatClass::COUNT] }
    }

    /// Adds a person; the intervals must be as for [`steps`].
    pub fn add(&mut self, stays: &[Stay<PersonKey>]) {
        let open = self.calendar.open();
        for stay in stays.iter().filter(|stay| stay.start < open && stay.end.is_none_or(|end| end >= open)) {
            self.daily[stay.class][0].opening += 1;
        }
        for (at, class, step) in steps(stays, self.calendar) {
            let movement = &mut self.daily[class.index()][self.calendar.locate(at)];
            match step {
                Step::Started => movement.started += 1,
                Step::Stopped => movement.stopped += 1,
                Step::ChangedIn => movement.changed_in += 1,
                Step::ChangedOut => movement.changed_out += 1,
            }
        }
    }

    /// Returns the movements by class, at its index, and date.
    pub fn daily(mut self) -> Vec<Vec<Movement>> {
        for of_class in &mut self.daily {
            let mut opening = of_class.first().map_or(0, |first| first.opening);
            for movement in of_class {
                movement.opening = opening;
                opening = movement.closing();
            }
        }
        self.daily
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::presence::Member;
    use crate::presence::Presence;
    use crate::tally::Tally;

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
                // There is no gap: the class changes, or the same interval continues.
                let start = next[place] + gap / 2 * hour;
                let end = start + length * hour;
                next[place] = end;
                match stays.iter_mut().find(|s| s.person == key && s.end == Some(start) && s.class == class) {
                    Some(before) => before.end = Some(end),
                    None => stays.push(Stay { person: key, class, start, end: Some(end) }),
                }
            }

            let mut movements = Movements::new(&calendar);
            let eve = calendar.with_eve();
            stays.sort_by_key(|stay| (stay.person, stay.start));
            for of_person in stays.chunk_by(|left, right| left.person == right.person) {
                if let Some(member) = Member::new(of_person.iter().copied(), &crate::classes(), &eve) {
                    movements.add(&member.stays);
                }
            }
            let movements = movements.daily();

            let presence = Presence::new(stays.iter().copied(), &crate::classes(), &calendar);
            let counts = Tally::of(&presence, &crate::classes(), &calendar).counts();
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
