//! The states of identity and billing that are compared.

use jiff::Timestamp;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_seats::{ActiveUsers, SeatClass};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActiveUser {
    pub(crate) user: UserId,
    pub(crate) person: PersonKey,
    pub(crate) class: SeatClass,
}

/// The number of active users in a class, and a digest of who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassState {
    pub(crate) class: SeatClass,
    pub(crate) users: ActiveUsers,
}

/// The stored result for one class of one comparison.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: EventId,
    pub(crate) epoch: i64,
    pub(crate) source_sequence: i64,
    pub(crate) class: SeatClass,
    pub(crate) identity_count: i64,
    pub(crate) billing_count: i64,
    pub(crate) equal: bool,
    /// `None` unless all states were compared.
    pub(crate) persons: Option<Vec<PersonKey>>,
    pub(crate) at: Timestamp,
}

/// Returns the state of each class.
pub(crate) fn summarize(users: &[ActiveUser]) -> Vec<ClassState> {
    let mut sorted: Vec<&ActiveUser> = users.iter().collect();
    sorted.sort_unstable();
    let state = |class: SeatClass| {
        let of_class = sorted.iter().filter(|user| user.class == class);
        let users = ActiveUsers::digest(of_class.map(|user| (user.user.as_uuid(), user.person.as_uuid())));
        ClassState { class, users }
    };
    SeatClass::BY_RANK.into_iter().map(state).collect()
}

/// The producer's state at a number, which billing compares with its own.
#[derive(Clone, Debug)]
pub(crate) struct Claim<T> {
    pub(crate) epoch: i64,
    pub(crate) sequence: i64,
    pub(crate) state: T,
}
