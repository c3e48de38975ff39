//! Projects a person's events to the intervals during which the person was billable.

use std::collections::BTreeMap;

use jiff::Timestamp;
use usher_base::id::{PersonKey, UserId};
use usher_seats::SeatClass;

use crate::presence::Stay;

/// A half-open interval during which a person was billable in one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The person.
    pub person: PersonKey,
    /// The class.
    pub class: SeatClass,
    /// The first instant.
    pub start: Timestamp,
    /// The ledger's number of the fact that opened it.
    pub open_sequence: i64,
    /// The cause of its start.
    pub start_cause: String,
    /// The end; `None` while it is open.
    pub end: Option<End>,
}

/// The end of an interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The first instant after the interval.
    pub at: Timestamp,
    /// The ledger's number of the fact that closed it.
    pub sequence: i64,
    /// The cause of its end.
    pub cause: String,
}

impl Interval {
    /// Converts the interval to the input of rating.
    pub fn stay(&self) -> Stay<PersonKey> {
        Stay {
            person: self.person,
            class: self.class.index(),
            start: self.start.as_microsecond(),
            end: self.end_at().map(Timestamp::as_microsecond),
        }
    }

    /// Returns the instant of the end.
    pub fn end_at(&self) -> Option<Timestamp> {
        self.end.as_ref().map(|end| end.at)
    }
}

/// A change of one SCIM user's state, as the projection needs it.
#[derive(Clone, Copy, Debug)]
pub struct StateChange<'a> {
    /// The ledger's number.
    pub sequence: i64,
    /// The person.
    pub person: PersonKey,
    /// The SCIM user.
    pub user: UserId,
    /// The class after the change; `None` if the user is not active.
    pub class: Option<SeatClass>,
    /// The instant of the change.
    pub at: Timestamp,
    /// The cause of the change.
    pub cause: &'a str,
}

/// The state of persons, updated event by event.
///
/// A person is billable while any of their users is active, in the highest class among those.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    persons: BTreeMap<PersonKey, Person>,
    touched: Vec<Interval>,
}

#[derive(Clone, Debug, Default)]
struct Person {
    users: BTreeMap<UserId, SeatClass>,
    open: Option<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    interval: Interval,
    /// Whether the interval existed before this projection began.
    stored: bool,
}

impl Fold {
    /// Adds an active user from storage.
    pub fn seed_user(&mut self, person: PersonKey, user: UserId, class: SeatClass) {
        self.persons.entry(person).or_default().users.insert(user, class);
    }

    /// Adds an open interval from storage.
    pub fn seed_open(&mut self, interval: Interval) {
        let person = self.persons.entry(interval.person).or_default();
        person.open = Some(Open { interval, stored: true });
    }

    /// Applies the next change. Instants increase strictly, so no interval is ever empty.
    pub fn apply(&mut self, change: StateChange<'_>) {
        let person = self.persons.entry(change.person).or_default();
        match change.class {
            Some(class) => person.users.insert(change.user, class),
            None => person.users.remove(&change.user),
        };
        let now = person.users.values().max().copied();
        if person.open.as_ref().map(|open| open.interval.class) == now {
            return;
        }
        if let Some(Open { mut interval, .. }) = person.open.take() {
            interval.end =
                Some(End { at: change.at, sequence: change.sequence, cause: change.cause.to_owned() });
            self.touched.push(interval);
        }
        person.open = now.map(|class| Open {
            stored: false,
            interval: Interval {
                person: change.person,
                class,
                start: change.at,
                open_sequence: change.sequence,
                start_cause: change.cause.to_owned(),
                end: None,
            },
        });
    }

    /// Returns the intervals that are new or were closed, by the number that opened them.
    pub fn finish(self) -> Vec<Interval> {
        let mut touched = self.touched;
        let open = self.persons.into_values().filter_map(|person| person.open);
        touched.extend(open.filter(|open| !open.stored).map(|open| open.interval));
        touched.sort_by_key(|interval| interval.open_sequence);
        touched
    }
}
