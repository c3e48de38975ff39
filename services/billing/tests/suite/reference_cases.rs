//! The cases of the reference's table, rated as pure functions.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use usher_base::id::{PersonKey, PriceId, UserId};
use usher_billing::calendar::Days;
use usher_billing::class::SeatClass::{self, Collaborator, External, Regular};
use usher_billing::counts::{Counts, Span};
use usher_billing::interval::{Fold, StateChange};
use usher_billing::price::PriceVersion;
use usher_billing::statement;
use uuid::Uuid;

struct Case {
    zone: &'static str,
    start: &'static str,
    end: &'static str,
    prices: Vec<(SeatClass, &'static str, &'static str)>,
    exponent: u32,
}

const JUNE: (&str, &str) = ("2026-06-01", "2026-07-01");

impl Case {
    fn of(zone: &'static str, (start, end): (&'static str, &'static str)) -> Self {
        let prices = vec![(Regular, "12.00", "2020-01-01"), (External, "8.00", "2020-01-01")];
        Self { zone, start, end, prices, exponent: 2 }
    }

    fn june() -> Self {
        Self::of("UTC", JUNE)
    }

    /// Seat-days and amount by class, by rank.
    fn rate(&self, events: &[(u128, &str, Option<SeatClass>)]) -> Vec<(SeatClass, i64, i64)> {
        let zone = TimeZone::get(self.zone).unwrap();
        let days = Days::new(&zone, date(self.start), date(self.end));
        let counts = Counts::of(&days, spans(events));
        let versions: Vec<PriceVersion> = self
            .prices
            .iter()
            .map(|(class, price, from)| PriceVersion {
                id: PriceId::from_uuid(Uuid::nil()),
                class: *class,
                unit_price: price.parse().unwrap(),
                valid_from: date(from),
            })
            .collect();
        statement::lines(&days, &counts, &versions, self.exponent)
            .unwrap()
            .into_iter()
            .map(|line| (line.class, line.seat_days, line.amount_minor))
            .collect()
    }
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn spans(events: &[(u128, &str, Option<SeatClass>)]) -> Vec<Span> {
    let mut fold = Fold::default();
    for (sequence, (person, at, class)) in (1..).zip(events) {
        let id = Uuid::from_u128(*person);
        fold.apply(StateChange {
            sequence,
            person: PersonKey::from_uuid(id),
            user: UserId::from_uuid(id),
            class: *class,
            at: at.parse::<Timestamp>().unwrap(),
            cause: "test",
        });
    }
    let mut intervals = fold.finish();
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

const ON: Option<SeatClass> = Some(Regular);
const OFF: Option<SeatClass> = None;
const BEFORE: &str = "2026-05-01T00:00:00Z";

#[test]
fn e01_active_all_june() {
    assert_eq!(Case::june().rate(&[(1, BEFORE, ON)]), [(Regular, 30, 1200)]);
}

#[test]
fn e02_from_16_june_9_00() {
    assert_eq!(Case::june().rate(&[(1, "2026-06-16T09:00:00Z", ON)]), [(Regular, 15, 600)]);
}

#[test]
fn e03_active_for_one_second_is_one_day() {
    let events = [(1, "2026-06-10T08:00:00Z", ON), (1, "2026-06-10T08:00:01Z", OFF)];
    assert_eq!(Case::june().rate(&events), [(Regular, 1, 40)]);
}

#[test]
fn e04_on_and_off_five_times_on_one_day_is_one_day() {
    let times: Vec<String> = (0..10).map(|n| format!("2026-06-10T08:0{n}:00Z")).collect();
    let events: Vec<_> =
        times.iter().enumerate().map(|(n, at)| (1, at.as_str(), if n % 2 == 0 { ON } else { OFF })).collect();
    assert_eq!(Case::june().rate(&events), [(Regular, 1, 40)]);
}

#[test]
fn e05_off_at_midnight_does_not_touch_the_day_and_one_microsecond_later_does() {
    assert_eq!(Case::june().rate(&[(1, BEFORE, ON), (1, "2026-06-16T00:00:00Z", OFF)]), [(Regular, 15, 600)]);
    assert_eq!(
        Case::june().rate(&[(1, BEFORE, ON), (1, "2026-06-16T00:00:00.000001Z", OFF)]),
        [(Regular, 16, 640)]
    );
}

#[test]
fn e06_a_day_between_off_and_on_is_free() {
    let events = [(1, BEFORE, ON), (1, "2026-06-10T10:00:00Z", OFF), (1, "2026-06-12T09:00:00Z", ON)];
    assert_eq!(Case::june().rate(&events), [(Regular, 29, 1160)]);
}

#[test]
fn e07_regular_to_collaborator() {
    let events = [(1, BEFORE, ON), (1, "2026-06-16T10:00:00Z", Some(Collaborator))];
    assert_eq!(Case::june().rate(&events), [(Regular, 16, 640), (Collaborator, 14, 0)]);
}

#[test]
fn e08_collaborator_to_regular() {
    let events = [(1, BEFORE, Some(Collaborator)), (1, "2026-06-16T23:59:00Z", ON)];
    assert_eq!(Case::june().rate(&events), [(Regular, 15, 600), (Collaborator, 15, 0)]);
}

#[test]
fn e09_regular_to_external() {
    let events = [(1, BEFORE, ON), (1, "2026-06-16T10:00:00Z", Some(External))];
    assert_eq!(Case::june().rate(&events), [(Regular, 16, 640), (External, 14, 373)]);
}

#[test]
fn e10_regular_to_external_and_back_on_one_day() {
    let events =
        [(1, BEFORE, ON), (1, "2026-06-16T10:00:00Z", Some(External)), (1, "2026-06-16T11:00:00Z", ON)];
    assert_eq!(Case::june().rate(&events), [(Regular, 30, 1200)]);
}

#[test]
fn e11_a_deleted_person_who_comes_back_is_the_same_and_another_is_not() {
    let gone = (1, "2026-06-10T10:00:00Z", OFF);
    assert_eq!(
        Case::june().rate(&[(1, BEFORE, ON), gone, (1, "2026-06-10T11:00:00Z", ON)]),
        [(Regular, 30, 1200)]
    );
    assert_eq!(
        Case::june().rate(&[(1, BEFORE, ON), gone, (1, "2026-06-20T11:00:00Z", ON)]),
        [(Regular, 21, 840)]
    );
    assert_eq!(
        Case::june().rate(&[(1, BEFORE, ON), gone, (2, "2026-06-10T11:00:00Z", ON)]),
        [(Regular, 31, 1240)]
    );
}

#[test]
fn e13_active_in_the_last_second_of_the_month() {
    assert_eq!(Case::june().rate(&[(1, "2026-06-30T23:59:59Z", ON)]), [(Regular, 1, 40)]);
}

#[test]
fn e14_new_york_in_spring() {
    let case = Case::of("America/New_York", ("2026-03-01", "2026-04-01"));
    let events = [(1, "2026-03-08T04:30:00Z", ON), (1, "2026-03-08T05:30:00Z", OFF)];
    assert_eq!(case.rate(&events), [(Regular, 2, 77)]);
}

#[test]
fn e15_and_x1_new_york_on_the_fall_back_day() {
    let case = Case::of("America/New_York", ("2026-11-01", "2026-12-01"));
    assert_eq!(
        case.rate(&[(1, "2026-09-01T00:00:00Z", ON), (1, "2026-11-01T04:30:00Z", OFF)]),
        [(Regular, 1, 40)]
    );
    let days = Days::new(&TimeZone::get(case.zone).unwrap(), date(case.start), date(case.end));
    assert_eq!((days.end().as_second() - days.start().as_second()) / 3_600, 721);

    // Present since October, gone on 2024-11-03 00:30: three days, the 1st to the 3rd.
    let case = Case::of("America/New_York", ("2024-11-01", "2024-12-01"));
    let events = [(1, "2024-10-01T12:00:00Z", ON), (1, "2024-11-03T04:30:00Z", OFF)];
    assert_eq!(case.rate(&events)[0].1, 3);
}

#[test]
fn x2_a_seat_that_came_and_went_before_the_period_touches_no_day_of_it() {
    let events = [(1, BEFORE, ON), (1, "2026-05-31T23:59:59.999999Z", OFF)];
    assert_eq!(Case::june().rate(&events), []);
    let events = [(1, BEFORE, ON), (1, "2026-06-01T00:00:00Z", OFF)];
    assert_eq!(Case::june().rate(&events), []);
}

#[test]
fn e16_february_with_28_and_29_days() {
    let case = Case::of("UTC", ("2026-02-01", "2026-03-01"));
    assert_eq!(case.rate(&[(1, "2026-02-15T00:00:00Z", ON)]), [(Regular, 14, 600)]);
    let case = Case::of("UTC", ("2028-02-01", "2028-03-01"));
    assert_eq!(case.rate(&[(1, "2028-02-15T00:00:00Z", ON)]), [(Regular, 15, 621)]);
}

#[test]
fn e18_a_price_that_changes_in_the_middle() {
    let mut case = Case::june();
    case.prices.push((Regular, "15.00", "2026-06-16"));
    assert_eq!(case.rate(&[(1, BEFORE, ON)]), [(Regular, 30, 1350)]);
}

#[test]
fn e23_the_sum_is_rounded_and_not_the_seats() {
    let mut case = Case::of("UTC", ("2026-07-01", "2026-08-01"));
    case.prices = vec![(Regular, "10.00", "2020-01-01")];
    let at = "2026-07-31T00:00:00Z";
    assert_eq!(case.rate(&[(1, at, ON), (2, at, ON), (3, at, ON)]), [(Regular, 3, 97)]);
    let many: Vec<_> = (0..1_000).map(|person| (person, "2026-07-22T00:00:00Z", ON)).collect();
    assert_eq!(case.rate(&many), [(Regular, 10_000, 322_581)]);
}

#[test]
fn e25_currencies_without_and_with_three_decimals() {
    let mut case = Case::of("UTC", ("2026-07-01", "2026-08-01"));
    let events = [(1, "2026-07-22T00:00:00Z", ON)];
    (case.prices, case.exponent) = (vec![(Regular, "1000", "2020-01-01")], 0);
    assert_eq!(case.rate(&events), [(Regular, 10, 323)]);
    (case.prices, case.exponent) = (vec![(Regular, "4.500", "2020-01-01")], 3);
    assert_eq!(case.rate(&events), [(Regular, 10, 1452)]);
}

#[test]
fn e28_a_trial_is_counted_and_free() {
    let mut case = Case::june();
    case.prices = vec![(Regular, "0", "2020-01-01"), (Regular, "12.00", "2026-06-11")];
    assert_eq!(case.rate(&[(1, BEFORE, ON)]), [(Regular, 30, 800)]);
}

#[test]
fn e29_a_subscription_that_ends_is_still_divided_by_the_whole_period() {
    let events = [(1, BEFORE, ON), (1, "2026-06-21T00:00:00Z", OFF)];
    assert_eq!(Case::june().rate(&events), [(Regular, 20, 800)]);
}

#[test]
fn e30_the_last_microsecond_of_june_is_a_day_of_june() {
    let events = [(1, "2026-06-30T23:59:59.999999Z", ON), (1, "2026-07-01T00:00:00Z", OFF)];
    assert_eq!(Case::june().rate(&events), [(Regular, 1, 40)]);
    assert_eq!(Case::of("UTC", ("2026-07-01", "2026-08-01")).rate(&events), []);
}

#[test]
fn e34_a_seat_that_changes_hands_is_two_people_on_that_day() {
    let events = [(1, BEFORE, ON), (1, "2026-06-10T10:00:00Z", OFF), (2, "2026-06-10T11:00:00Z", ON)];
    assert_eq!(Case::june().rate(&events), [(Regular, 31, 1240)]);
}

#[test]
fn e35_external_all_june() {
    assert_eq!(Case::june().rate(&[(1, BEFORE, Some(External))]), [(External, 30, 800)]);
}

#[test]
fn e36_deactivated_on_12_june() {
    let events = [(1, BEFORE, ON), (1, "2026-06-12T02:00:00Z", OFF)];
    assert_eq!(Case::june().rate(&events), [(Regular, 12, 480)]);
}
