//! Random months in many zones against a recount that knows nothing of intervals: it walks each
//! person's events hour by hour of the events themselves, in local dates.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use usher_base::id::{PersonKey, UserId};
use usher_billing::calendar::Days;
use usher_billing::class::SeatClass;
use usher_billing::counts::{Counts, Span};
use usher_billing::interval::{Fold, Interval, StateChange};
use uuid::Uuid;

const ZONES: [&str; 9] = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "America/Havana",
    "Pacific/Apia",
    "America/St_Johns",
];

#[derive(Clone, Debug)]
struct Change {
    person: u128,
    user: u128,
    class: Option<SeatClass>,
    at: Timestamp,
}

/// Changes in strictly increasing order around a month.
fn changes(first: Date) -> impl Strategy<Value = Vec<Change>> {
    let from = utc(first.checked_sub(5.days()).unwrap());
    // Half of the gaps are microseconds and whole hours, where boundaries are.
    let gap = prop_oneof![1_i64..3, Just(3_600_000_000), Just(1_800_000_000), 1_i64..90_000_000_000];
    let class = prop_oneof![
        Just(None),
        Just(Some(SeatClass::Regular)),
        Just(Some(SeatClass::External)),
        Just(Some(SeatClass::Collaborator))
    ];
    prop::collection::vec((0_u128..4, 0_u128..2, class, gap), 1..90).prop_map(move |drawn| {
        let mut micros = from.as_microsecond();
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

fn utc(date: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap()
}

fn month() -> impl Strategy<Value = Date> {
    (2005_i16..2031, 1_i8..13).prop_map(|(year, month)| jiff::civil::date(year, month, 1))
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

fn spans(mut intervals: Vec<Interval>) -> Vec<Span> {
    intervals.sort_by_key(|interval| (interval.person, interval.open_sequence));
    intervals
        .iter()
        .map(|interval| Span {
            person: interval.person,
            class: interval.class,
            start: interval.start,
            end: interval.end_at(),
        })
        .collect()
}

/// Seats by date and class: for each date and person, the state at the date's first instant and
/// after each change on it.
fn recount(zone: &TimeZone, first: Date, end: Date, changes: &[Change]) -> BTreeMap<(Date, SeatClass), i64> {
    let first_instant = |date: Date| {
        // The first minute, then microsecond, of a search whose local date is at least `date`.
        let mut at = utc(date.checked_sub(1.day()).unwrap());
        for step in [3_600_i64, 60, 1] {
            while zone.to_datetime(at).date() < date {
                at += jiff::SignedDuration::from_secs(step);
            }
            if step > 1 {
                at -= jiff::SignedDuration::from_secs(step);
            }
        }
        at
    };
    let mut found = BTreeMap::new();
    let mut date = first;
    while date < end {
        let (from, to) = (first_instant(date), first_instant(date.tomorrow().unwrap()));
        for person in 0..4 {
            let mut users = BTreeMap::new();
            let mut highest: Option<SeatClass> = None;
            let mut entered = false;
            for change in changes.iter().filter(|change| change.person == person) {
                if change.at > from && !entered {
                    entered = true;
                    highest = highest.max(users.values().copied().max().flatten());
                }
                if change.at >= to {
                    break;
                }
                users.insert(change.user, change.class);
                if change.at >= from {
                    highest = highest.max(users.values().copied().max().flatten());
                }
            }
            if !entered {
                highest = highest.max(users.values().copied().max().flatten());
            }
            if let Some(class) = highest.filter(|_| from < to) {
                *found.entry((date, class)).or_insert(0) += 1;
            }
        }
        date = date.tomorrow().unwrap();
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_of_intervals_equal_a_recount_of_events(
        zone in prop::sample::select(&ZONES[..]),
        (first, changes) in month().prop_flat_map(|first| (Just(first), changes(first))),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let end = first.checked_add(1.month()).unwrap();
        let days = Days::new(&zone, first, end);

        let counts = Counts::of(&days, spans(fold(&changes)));

        let mut counted = BTreeMap::new();
        for class in SeatClass::BY_RANK {
            for (date, count) in days.dates().zip(counts.of_class(class)) {
                if count.seat_days > 0 {
                    counted.insert((date, class), count.seat_days);
                }
                prop_assert!(count.closing <= count.peak);
            }
        }
        prop_assert_eq!(counted, recount(&zone, first, end, &changes));
    }

    #[test]
    fn a_fold_in_any_chunking_gives_the_same_intervals(
        changes in changes(jiff::civil::date(2026, 6, 1)),
        chunk in 1_usize..20,
    ) {
        let whole: BTreeMap<_, _> =
            fold(&changes).into_iter().map(|interval| ((interval.person, interval.open_sequence), interval)).collect();
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
            for interval in fold.finish() {
                stored.insert((interval.person, interval.open_sequence), interval);
            }
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
