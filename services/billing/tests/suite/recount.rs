//! Compares random months with an independent recount, which asks for every person and every boundary in
//! which class the person was.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;
use usher_rating::simulate::{Case, simulate};

const ZONES: [&str; 7] = [
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
];
const CLASSES: [&str; 3] = ["collaborator", "external", "regular"];

type State = Option<usize>;

fn state_at(events: &[(i64, State)], at: i64) -> State {
    events.iter().rev().find(|(when, _)| *when <= at).and_then(|(_, state)| *state)
}

/// Returns the local date of an instant, as the time zone itself converts it.
fn local_date(zone: &TimeZone, at: i64) -> Date {
    zone.to_datetime(Timestamp::from_microsecond(at).unwrap()).date()
}

/// Returns seat-days by date and class. A person's state changes only at an event, so the states after each
/// event and at each local midnight are all there are.
fn recount(
    persons: &BTreeMap<String, Vec<(i64, State)>>,
    zone: &TimeZone,
    first: Date,
    last: Date,
) -> BTreeMap<(Date, usize), i64> {
    let mut days: BTreeMap<(Date, usize), i64> = BTreeMap::new();
    // A local date may begin at every quarter of an hour.
    let begin = zone.to_ambiguous_timestamp(first.yesterday().unwrap().at(0, 0, 0, 0)).later().unwrap();
    let end = zone.to_ambiguous_timestamp(last.tomorrow().unwrap().at(0, 0, 0, 0)).later().unwrap();
    let quarter = 900_000_000;
    let quarters = (begin.as_microsecond() / quarter..=end.as_microsecond() / quarter).map(|n| n * quarter);
    let quarters: Vec<(i64, Date)> = quarters.map(|at| (at, local_date(zone, at))).collect();
    for events in persons.values() {
        let mut touched: BTreeMap<Date, usize> = BTreeMap::new();
        let changes = events.iter().map(|(at, _)| (*at, local_date(zone, *at)));
        for (instant, date) in quarters.iter().copied().chain(changes) {
            if let Some(class) = state_at(events, instant).filter(|_| first <= date && date < last) {
                touched.entry(date).and_modify(|held| *held = (*held).max(class)).or_insert(class);
            }
        }
        for (date, class) in touched {
            *days.entry((date, class)).or_default() += 1;
        }
    }
    days
}

fn month() -> impl Strategy<Value = (Date, Date)> {
    (2009_i16..2028, 1_i8..=12).prop_map(|(year, month)| {
        let first = date(year, month, 1);
        (first, first.last_of_month().tomorrow().unwrap())
    })
}

fn events(first: Date) -> impl Strategy<Value = BTreeMap<String, Vec<(i64, State)>>> {
    let begin = TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).unwrap().as_microsecond();
    let event = (-3_i64 * 86_400..35 * 86_400, 0_i64..1_000_000, 0_usize..4).prop_map(
        move |(second, micro, class)| (begin + second * 1_000_000 + micro, (class < 3).then_some(class)),
    );
    proptest::collection::btree_map("[a-e]", proptest::collection::vec(event, 1..12), 1..5).prop_map(
        |mut persons| {
            for events in persons.values_mut() {
                events.sort_unstable();
                events.dedup_by_key(|(at, _)| *at);
            }
            persons
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn seat_days_lines_and_amounts_equal_the_recount(
        zone in proptest::sample::select(&ZONES[..]),
        ((first, last), persons) in month().prop_flat_map(|month| (Just(month), events(month.0))),
    ) {
        let tz = TimeZone::get(zone).unwrap();
        let recounted = recount(&persons, &tz, first, last);
        let events: Vec<_> = persons
            .iter()
            .flat_map(|(person, events)| events.iter().map(move |(at, state)| json!({
                "at": Timestamp::from_microsecond(*at).unwrap().to_string(), "person": person,
                "active": state.is_some(), "class": state.map(|class| CLASSES[class]),
            })))
            .collect();
        let case: Case = serde_json::from_value(json!({
            "currency": "EUR", "exponent": 2, "timezone": zone, "period": {"start": first, "end": last},
            "classes": [
                {"class": "collaborator", "rank": 1, "priced": false},
                {"class": "external", "rank": 2, "priced": true},
                {"class": "regular", "rank": 3, "priced": true},
            ],
            "prices": [{"class": "regular", "unit_price": "12.00"}, {"class": "external", "unit_price": "8.00"}],
            "events": events,
        })).unwrap();

        let outcome = simulate(&case).unwrap();

        for day in &outcome.days {
            let class = CLASSES.iter().position(|name| *name == day.class).unwrap();
            let wanted = recounted.get(&(day.date.parse().unwrap(), class)).copied().unwrap_or_default();
            prop_assert_eq!(day.seat_days, wanted, "{} {} in {}", day.date, day.class, zone);
            prop_assert!(day.closing <= day.peak);
        }
        let dates = (last - first).get_days();
        for (class, price) in [("regular", 1_200_i64), ("external", 800), ("collaborator", 0)] {
            let index = CLASSES.iter().position(|name| *name == class).unwrap();
            let days: i64 = recounted.iter().filter(|((_, of), _)| *of == index).map(|(_, days)| days).sum();
            let line = outcome.lines.iter().find(|line| line.class == class);
            prop_assert_eq!(line.map_or(0, |line| line.seat_days), days);
            // Rounds half away from zero, in whole numbers.
            let rounded = (2 * days * price + i64::from(dates)) / (2 * i64::from(dates));
            prop_assert_eq!(line.map_or(0, |line| line.amount_minor), rounded);
            let shared: i64 = outcome.allocations.iter().filter(|s| s.class == class).map(|s| s.days).sum();
            prop_assert_eq!(shared, days);
        }
    }

    #[test]
    fn every_mode_allocates_its_line_to_the_last_unit(
        mode in proptest::sample::select(vec![
            "DAILY_TOUCH", "DAILY_CLOSE", "DAILY_PEAK", "SECOND", "PERIOD_CLOSE", "PERIOD_PEAK",
            "OPENING_PLUS_INCREMENTS", "DISTINCT",
        ]),
        included in 0_u32..3,
        persons in events(date(2026, 6, 1)),
    ) {
        let events: Vec<_> = persons
            .iter()
            .flat_map(|(person, events)| events.iter().map(move |(at, state)| json!({
                "at": Timestamp::from_microsecond(*at).unwrap().to_string(), "person": person,
                "active": state.is_some(), "class": "regular",
            })))
            .collect();
        let case: Case = serde_json::from_value(json!({
            "currency": "EUR", "exponent": 2, "timezone": "UTC",
            "period": {"start": "2026-06-01", "end": "2026-07-01"},
            "classes": [{"class": "regular", "rank": 3, "priced": true}],
            "prices": [{"class": "regular", "unit_price": "9.99", "mode": mode, "included": included}],
            "events": events,
        })).unwrap();

        let outcome = simulate(&case).unwrap();

        let shared: i128 = outcome.allocations.iter().map(|share| i128::from(share.amount_minor)).sum();
        prop_assert_eq!(shared, outcome.total_minor);
    }
}
