//! The projection from events to intervals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use usher_base::id::{PersonKey, UserId};
use usher_rating::interval::{Fold, Interval, StateChange};
use usher_seats::SeatClass;
use uuid::Uuid;

#[derive(Clone, Debug)]
struct Change {
    person: u128,
    user: u128,
    class: Option<SeatClass>,
    at: Timestamp,
}

/// Changes of four persons with two users each, with strictly increasing times.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let class = prop_oneof![Just(None), prop::sample::select(&SeatClass::BY_RANK[..]).prop_map(Some)];
    prop::collection::vec((0_u128..4, 0_u128..2, class, 1_i64..5), 1..90).prop_map(|drawn| {
        let mut micros = 0;
        drawn
            .into_iter()
            .map(|(person, user, class, gap)| {
                micros += gap;
                let at = Timestamp::from_microsecond(micros).unwrap();
                Change { person, user: person * 10 + user, class, at }
            })
            .collect()
    })
}

fn state_change<'a>(sequence: i64, change: &Change) -> StateChange<'a> {
    StateChange {
        sequence,
        person: PersonKey::from_uuid(Uuid::from_u128(change.person)),
        user: UserId::from_uuid(Uuid::from_u128(change.user)),
        class: change.class,
        at: change.at,
        cause: "test",
    }
}

fn fold(changes: &[Change]) -> Vec<Interval> {
    let mut fold = Fold::default();
    for (sequence, change) in (1..).zip(changes) {
        fold.apply(state_change(sequence, change));
    }
    fold.finish()
}

/// Returns the class of a person at an instant, computed from the events alone.
fn class_at(changes: &[Change], person: u128, at: Timestamp) -> Option<SeatClass> {
    let mut users = BTreeMap::new();
    for change in changes.iter().filter(|change| change.person == person && change.at <= at) {
        users.insert(change.user, change.class);
    }
    users.into_values().max().flatten()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn intervals_hold_exactly_when_a_person_is_billable(changes in changes()) {
        let intervals = fold(&changes);
        let last = changes.last().unwrap().at.as_microsecond();
        for at in 0..=last + 1 {
            let at = Timestamp::from_microsecond(at).unwrap();
            for person in 0..4 {
                let key = PersonKey::from_uuid(Uuid::from_u128(person));
                let holding: Vec<SeatClass> = intervals
                    .iter()
                    .filter(|interval| interval.person == key && interval.start <= at)
                    .filter(|interval| interval.end_at().is_none_or(|end| at < end))
                    .map(|interval| interval.class)
                    .collect();
                prop_assert_eq!(holding, Vec::from_iter(class_at(&changes, person, at)));
            }
        }
    }

    #[test]
    fn i18_a_fold_in_any_chunking_gives_the_same_intervals(changes in changes(), chunk in 1_usize..20) {
        let key = |interval: Interval| ((interval.person, interval.open_sequence), interval);
        let whole: BTreeMap<_, _> = fold(&changes).into_iter().map(key).collect();
        let mut stored: BTreeMap<(PersonKey, i64), Interval> = BTreeMap::new();
        let mut users: BTreeMap<(PersonKey, UserId), SeatClass> = BTreeMap::new();
        let mut sequence = 0;
        for part in changes.chunks(chunk) {
            let mut fold = Fold::default();
            for ((person, user), class) in &users {
                fold.seed_user(*person, *user, *class);
            }
            for interval in stored.values().filter(|interval| interval.end.is_none()) {
                fold.seed_open(interval.clone());
            }
            for change in part {
                sequence += 1;
                let change = state_change(sequence, change);
                fold.apply(change);
                match change.class {
                    Some(class) => users.insert((change.person, change.user), class),
                    None => users.remove(&(change.person, change.user)),
                };
            }
            stored.extend(fold.finish().into_iter().map(key));
        }
        prop_assert_eq!(&stored, &whole);
        for pair in stored.values().collect::<Vec<_>>().windows(2) {
            if pair[0].person == pair[1].person {
                let end = pair[0].end_at().unwrap();
                prop_assert!(pair[0].start < end && end <= pair[1].start);
                prop_assert!(end < pair[1].start || pair[0].class != pair[1].class);
            }
        }
    }
}
