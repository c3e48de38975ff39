//! One month in every mode: 10 open; +2 on 11 June 09:00; -3 on 15 June 12:00; +2 on 20 June 09:00.

use super::setting::{Setting, june};

fn total(mode: &str) -> i128 {
    let mut setting = june().regular("mode", mode).crowd(10, "a", "2026-01-01T00:00:00Z").crowd(
        2,
        "b",
        "2026-06-11T09:00:00Z",
    );
    for person in ["a0000", "a0001", "a0002"] {
        setting = setting.off(person, "2026-06-15T12:00:00Z");
    }
    setting.crowd(2, "c", "2026-06-20T09:00:00Z").run().total_minor
}

#[test]
fn the_same_month_costs_what_its_mode_says() {
    for (mode, amount) in [
        ("DAILY_TOUCH", 12_680),
        ("DAILY_CLOSE", 12_560),
        ("DAILY_PEAK", 12_680),
        ("PERIOD_CLOSE", 13_200),
        ("PERIOD_PEAK", 14_400),
        ("OPENING_PLUS_INCREMENTS", 13_600),
        ("DISTINCT", 16_800),
    ] {
        assert_eq!(total(mode), amount, "{mode}");
    }
}

#[test]
fn in_the_mode_second_the_exact_time_counts() {
    // Seat-hours of 720: 7 × 720 + 3 × (14 × 24 + 12) + 2 × (19 × 24 + 15) + 2 × (10 × 24 + 15).
    let hours = 7 * 720 + 3 * 348 + 2 * 471 + 2 * 255;
    let exact = hours * 1_200;
    assert_eq!(total("SECOND"), (exact + 360) / 720);
}

#[test]
fn a_floor_and_included_seats_apply_in_every_mode() {
    for mode in
        ["DAILY_TOUCH", "DAILY_CLOSE", "DAILY_PEAK", "SECOND", "PERIOD_CLOSE", "PERIOD_PEAK", "DISTINCT"]
    {
        let full = |setting: Setting| {
            setting.regular("mode", mode).crowd(4, "a", "2026-01-01T00:00:00Z").run().total_minor
        };
        assert_eq!(full(june()), 4_800, "{mode}");
        assert_eq!(full(june().regular("included", 3)), 1_200, "{mode}");
        assert_eq!(full(june().regular("included", 9)), 0, "{mode}");
        assert_eq!(full(june().regular("floor", 10)), 12_000, "{mode}");
        assert_eq!(full(june().regular("floor", 3)), 4_800, "{mode}");
    }
}
