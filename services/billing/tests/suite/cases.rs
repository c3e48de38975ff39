//! The edge cases of the accounting rules with their exact results, through the what-if simulation:
//! Regular 12.00, External 8.00, Collaborator 0; June 2026, UTC, unless a case says otherwise.

use serde_json::json;

use super::setting::{Setting, june};

const BEFORE: &str = "2026-01-01T00:00:00Z";

#[test]
fn e01_active_all_month() {
    june().on("a", BEFORE).costs(&[("regular", 30, 1200)], 1200);
}

#[test]
fn e02_from_the_sixteenth() {
    let setting = || june().on("a", "2026-06-16T09:00:00Z");
    setting().costs(&[("regular", 15, 600)], 600);
    setting().regular("mode", "SECOND").costs(&[("regular", 15, 585)], 585);
}

#[test]
fn e03_one_second_is_a_day() {
    june().on("a", "2026-06-10T08:00:00Z").off("a", "2026-06-10T08:00:01Z").costs(&[("regular", 1, 40)], 40);
}

#[test]
fn e04_on_and_off_five_times_a_day_is_a_day() {
    let mut setting = june();
    for hour in [1, 3, 5, 7, 9] {
        setting = setting
            .on("a", &format!("2026-06-10T{hour:02}:00:00Z"))
            .off("a", &format!("2026-06-10T{:02}:00:00Z", hour + 1));
    }
    setting.costs(&[("regular", 1, 40)], 40);
}

#[test]
fn e05a_off_at_midnight_leaves_no_day() {
    june().on("a", BEFORE).off("a", "2026-06-16T00:00:00Z").costs(&[("regular", 15, 600)], 600);
}

#[test]
fn e05b_off_a_microsecond_later_is_a_day() {
    june().on("a", BEFORE).off("a", "2026-06-16T00:00:00.000001Z").costs(&[("regular", 16, 640)], 640);
}

#[test]
fn e06_two_days_away_leave_one_day_out() {
    june()
        .on("a", BEFORE)
        .off("a", "2026-06-10T10:00:00Z")
        .on("a", "2026-06-12T09:00:00Z")
        .costs(&[("regular", 29, 1160)], 1160);
}

#[test]
fn e07_a_day_of_change_to_collaborator_counts_as_regular() {
    june()
        .on("a", BEFORE)
        .event("a", "2026-06-16T10:00:00Z", Some("collaborator"))
        .costs(&[("regular", 16, 640), ("collaborator", 14, 0)], 640);
}

#[test]
fn e08_a_day_of_change_to_regular_counts_as_regular_also_in_its_last_minute() {
    june()
        .event("a", BEFORE, Some("collaborator"))
        .on("a", "2026-06-16T23:59:00Z")
        .costs(&[("regular", 15, 600), ("collaborator", 15, 0)], 600);
}

#[test]
fn e09_a_day_of_change_to_external_counts_as_regular() {
    june()
        .on("a", BEFORE)
        .event("a", "2026-06-16T10:00:00Z", Some("external"))
        .costs(&[("regular", 16, 640), ("external", 14, 373)], 1013);
}

#[test]
fn e10_to_external_and_back_on_one_day_stays_regular() {
    june()
        .on("a", BEFORE)
        .event("a", "2026-06-10T08:00:00Z", Some("external"))
        .on("a", "2026-06-10T09:00:00Z")
        .costs(&[("regular", 30, 1200)], 1200);
}

/// Somebody leaves on 10 June; somebody, who may be the same person, comes.
fn handed_over(to: &str, at: &str) -> Setting {
    june().on("a", BEFORE).off("a", "2026-06-10T10:00:00Z").on(to, at)
}

#[test]
fn e11a_deleted_and_created_again_on_one_day_is_one_person_all_month() {
    handed_over("a", "2026-06-10T11:00:00Z").costs(&[("regular", 30, 1200)], 1200);
}

#[test]
fn e11b_deleted_and_created_again_ten_days_later_leaves_nine_days_out() {
    handed_over("a", "2026-06-20T11:00:00Z").costs(&[("regular", 21, 840)], 840);
}

#[test]
fn e11c_another_person_on_the_same_day_is_another_seat_day() {
    handed_over("b", "2026-06-10T11:00:00Z").costs(&[("regular", 31, 1240)], 1240);
}

#[test]
fn e13_the_last_second_of_the_month_is_a_day() {
    june().off("a", "2026-06-05T00:00:00Z").on("a", "2026-06-30T23:59:59Z").costs(&[("regular", 1, 40)], 40);
}

#[test]
fn e14_an_hour_over_midnight_in_spring_touches_two_days() {
    june()
        .zone("America/New_York")
        .period("2026-03-01", "2026-04-01")
        .on("a", "2026-03-08T04:30:00Z")
        .off("a", "2026-03-08T05:30:00Z")
        .costs(&[("regular", 2, 77)], 77);
}

#[test]
fn e15_the_day_of_25_hours_is_one_day() {
    let setting = || {
        june()
            .zone("America/New_York")
            .period("2026-11-01", "2026-12-01")
            .on("a", "2026-10-01T00:00:00Z")
            .off("a", "2026-11-01T04:30:00Z")
    };
    setting().costs(&[("regular", 1, 40)], 40);
    setting().regular("mode", "SECOND").costs(&[("regular", 1, 1)], 1);
}

#[test]
fn a_date_that_the_zone_skipped_has_no_seat_day() {
    // Samoa skipped 30 December; the month keeps its 31 dates.
    let december =
        june().zone("Pacific/Apia").period("2011-12-01", "2012-01-01").regular("valid_from", "2011-01-01");

    let all_month = december.on("ada", "2011-11-01T00:00:00Z");

    all_month.costs(&[("regular", 30, 1161)], 1161);
}

#[test]
fn e16a_february_has_28_days() {
    june()
        .period("2026-02-01", "2026-03-01")
        .on("a", "2026-02-15T00:00:00Z")
        .costs(&[("regular", 14, 600)], 600);
}

#[test]
fn e16b_february_of_a_leap_year_has_29_days() {
    june()
        .period("2028-02-01", "2028-03-01")
        .on("a", "2028-02-15T00:00:00Z")
        .costs(&[("regular", 15, 621)], 621);
}

#[test]
fn e18_each_date_has_the_price_that_holds_on_it() {
    june()
        .price(json!({"class": "regular", "unit_price": "15.00", "valid_from": "2026-06-16"}))
        .on("a", BEFORE)
        .costs(&[("regular", 30, 1350)], 1350);
}

#[test]
fn e19_a_floor_is_filled_up_day_by_day_on_a_line_of_its_own() {
    june()
        .regular("floor", 10)
        .crowd(8, "a", BEFORE)
        .crowd(4, "b", "2026-06-16T00:00:00Z")
        .costs(&[("regular", 300, 12_000), ("regular", 30, 1200)], 13_200);
}

#[test]
fn e20_included_seats_lower_every_count() {
    june().regular("included", 5).crowd(8, "a", BEFORE).costs(&[("regular", 90, 3600)], 3600);
}

/// Ten seats; two more when twenty days are left, three fewer, and two more again.
fn coming_and_going(mode: &str) -> Setting {
    let mut setting =
        june().regular("mode", mode).crowd(10, "a", BEFORE).crowd(2, "b", "2026-06-11T09:00:00Z");
    for person in ["a0000", "a0001", "a0002"] {
        setting = setting.off(person, "2026-06-15T12:00:00Z");
    }
    setting.crowd(2, "c", "2026-06-20T09:00:00Z")
}

#[test]
fn e21_the_peak_of_the_period_is_charged_for_all_of_it() {
    assert_eq!(coming_and_going("PERIOD_PEAK").run().total_minor, 14_400);
}

#[test]
fn e22_rises_above_the_opening_are_prorated() {
    assert_eq!(coming_and_going("OPENING_PLUS_INCREMENTS").run().total_minor, 13_600);
}

/// `count` seats in July at 10.00, from its first instant to `end`.
fn crowd_of_july(count: usize, end: &str) -> Setting {
    let mut setting = june().period("2026-07-01", "2026-08-01").regular("unit_price", "10.00");
    for index in 0..count {
        let person = format!("p{index:04}");
        setting = setting.on(&person, "2026-07-01T00:00:00Z").off(&person, end);
    }
    setting
}

#[test]
fn e23_three_seats_of_a_day_are_rounded_together() {
    crowd_of_july(3, "2026-07-01T12:00:00Z").costs(&[("regular", 3, 97)], 97);
}

#[test]
fn e23b_x3_and_x5_a_thousand_seats_of_ten_days_are_priced_as_a_sum_without_rounding_before() {
    crowd_of_july(1_000, "2026-07-10T12:00:00Z").costs(&[("regular", 10_000, 322_581)], 322_581);
}

#[test]
fn x6_half_a_minor_unit_and_more_is_rounded_up_and_never_cut_off() {
    // 34.00 x 16 / 31 is 17.548.
    june()
        .period("2026-07-01", "2026-08-01")
        .regular("unit_price", "34.00")
        .on("a", "2026-07-16T00:00:00Z")
        .costs(&[("regular", 16, 1_755)], 1_755);
}

#[test]
fn e24_a_line_is_allocated_to_the_last_unit() {
    let mut setting = june().period("2026-07-01", "2026-08-01").regular("unit_price", "10.00");
    for person in ["a", "b", "c"] {
        setting = setting.on(person, "2026-07-01T00:00:00Z").off(person, "2026-07-01T12:00:00Z");
    }
    let shares: Vec<_> =
        setting.run().allocations.iter().map(|share| (share.person.clone(), share.amount_minor)).collect();
    assert_eq!(shares, [("a".into(), 33), ("b".into(), 32), ("c".into(), 32)]);
}

#[test]
fn e25_currencies_have_their_own_exponents() {
    let ten_days = |setting: Setting| {
        setting.period("2026-07-01", "2026-08-01").on("a", BEFORE).off("a", "2026-07-11T00:00:00Z")
    };
    ten_days(june().money("JPY", 0, "1000")).costs(&[("regular", 10, 323)], 323);
    ten_days(june().money("BHD", 3, "4.500")).costs(&[("regular", 10, 1452)], 1452);
}

#[test]
fn e28_a_trial_is_counted_and_costs_nothing() {
    june()
        .regular("unit_price", "0")
        .price(json!({"class": "regular", "unit_price": "12.00", "valid_from": "2026-06-11"}))
        .on("a", BEFORE)
        .costs(&[("regular", 30, 800)], 800);
}

#[test]
fn e29_a_cut_subscription_keeps_the_full_denominator() {
    june().on("a", BEFORE).off("a", "2026-06-21T00:00:00Z").costs(&[("regular", 20, 800)], 800);
}

#[test]
fn e30_the_last_microsecond_of_june_is_a_day_of_june_only() {
    let setting = || june().on("a", "2026-06-30T23:59:59.999999Z").off("a", "2026-07-01T00:00:00Z");
    setting().costs(&[("regular", 1, 40)], 40);
    setting().period("2026-07-01", "2026-08-01").costs(&[], 0);
}

#[test]
fn e34_one_seat_handed_over_touches_twice_and_peaks_once() {
    let setting = || june().on("a", BEFORE).off("a", "2026-06-10T10:00:00Z").on("b", "2026-06-10T11:00:00Z");
    setting().costs(&[("regular", 31, 1240)], 1240);
    setting().regular("mode", "DAILY_PEAK").costs(&[("regular", 30, 1200)], 1200);
}

#[test]
fn e35_an_external_all_month() {
    june().event("a", BEFORE, Some("external")).costs(&[("external", 30, 800)], 800);
}

#[test]
fn e36_a_seat_ends_when_it_is_deactivated_automatically() {
    june().on("a", BEFORE).off("a", "2026-06-12T02:00:00Z").costs(&[("regular", 12, 480)], 480);
}

#[test]
fn b17_a_period_without_seats_costs_only_its_floor() {
    june().costs(&[], 0);
    june().regular("floor", 2).costs(&[("regular", 60, 2400)], 2400);
}

#[test]
fn x1_who_left_on_a_day_of_25_hours_leaves_that_day() {
    june()
        .zone("America/New_York")
        .period("2024-11-01", "2024-12-01")
        .on("a", "2024-10-01T00:00:00Z")
        .off("a", "2024-11-03T04:30:00Z")
        .costs(&[("regular", 3, 120)], 120);
}

#[test]
fn x2_who_came_and_left_before_the_period_leaves_no_day() {
    june().on("a", "2026-05-10T00:00:00Z").off("a", "2026-05-20T00:00:00Z").costs(&[], 0);
}

#[test]
fn all_faults_of_a_case_are_reported_at_once() {
    let fault = june()
        .zone("Middle/Earth")
        .regular("mode", "WEEKLY")
        .price(json!({"class": "guest", "unit_price": "1.00"}))
        .event("a", BEFORE, Some("guest"))
        .fault();

    for part in ["Middle/Earth", "WEEKLY", "prices[2]", "events[0]", "4 fault(s)"] {
        assert!(fault.contains(part), "{part} is not in: {fault}");
    }
}

#[test]
fn seats_without_a_price_and_a_change_of_mode_are_refused() {
    let missing = june().regular("valid_from", "2026-06-20").on("a", BEFORE).fault();
    assert!(missing.contains("regular has seats on 2026-06-01 but no price"), "{missing}");

    let change = june()
        .price(json!({"class": "regular", "unit_price": "1", "mode": "SECOND", "valid_from": "2026-06-20"}))
        .fault();
    assert!(change.contains("mode can only change at a period's boundary"), "{change}");
}
