//! Clocks that jump ahead.

use usher_base::Reason;
use usher_proto::billing::v1 as pb;

use crate::harness::Billing;
use crate::reconciliation::epoch_requests;
use crate::words::{class, class_name, refused};
use crate::workspace::Workspace;

const LEAP: &str = "2027-07-25T12:00:00Z";

/// One person stays, one left and one came while a clock was ahead, and one came and left; then the clock is
/// set right.
async fn leapt(billing: &Billing) -> (Workspace<'_>, [String; 4]) {
    let mut acme = billing.workspace();
    for (class, price) in [("regular", "12.00"), ("external", "8.00")] {
        acme.price(class, price, "2026-01-01").await.unwrap();
    }
    let (stays, left, came, passed) = (acme.person(), acme.person(), acme.person(), acme.person());
    let events = vec![
        acme.event("2026-06-01T00:00:00Z", stays, Some("Regular")),
        acme.event("2026-06-02T00:00:00Z", left, Some("Regular")),
    ];
    acme.apply(events).await;
    billing.advance_to(LEAP);
    let events = vec![
        acme.event("2027-07-25T11:00:00Z", left, None),
        acme.event("2027-07-25T11:00:01Z", came, Some("External")),
        acme.event("2027-07-25T11:00:02Z", passed, Some("Regular")),
        acme.event("2027-07-25T11:00:03Z", passed, None),
    ];
    acme.apply(events).await;
    billing.advance_to("2026-06-20T12:00:00Z");
    (acme, [stays, left, came, passed].map(|person| person.to_string()))
}

#[tokio::test]
async fn events_ahead_of_the_clock_are_refused_and_those_before_them_applied() {
    let billing = Billing::at("2026-06-20T12:00:00Z").await;
    let mut acme = billing.workspace();
    let (ada, bob) = (acme.person(), acme.person());
    let events = vec![
        acme.event("2026-06-20T12:00:04Z", ada, Some("Regular")),
        acme.event("2027-07-25T12:00:00Z", bob, Some("Regular")),
    ];
    let late = events[1].clone();

    let answers = billing.append(vec![acme.batch(events)]).await.unwrap();
    assert_eq!((refused(&answers[0]), answers[0].acknowledged_sequence), ("", 1));
    let answers = billing.append(vec![acme.batch(vec![late])]).await.unwrap();
    assert_eq!(refused(&answers[0]), Reason::InvalidArgument.name());
    assert_eq!(answers[0].acknowledged_sequence, 1);

    assert_eq!(acme.send_watermark(1, LEAP, 1).await, pb::AdvanceWatermarksResponse::default());
    acme.watermark(1, "2026-06-20T12:00:00Z", 1).await;
    acme.event("2026-06-20T12:00:06Z", bob, Some("Regular"));
    let next = pb::SeatEvent { sequence: 2, ..acme.sent.pop().unwrap() };
    billing.advance_to("2026-06-20T12:00:07Z");
    acme.apply(vec![next]).await;
}

#[tokio::test]
async fn a_new_epoch_sets_time_back_and_a_person_who_leaves_today_is_billed_until_today() {
    let billing = Billing::at("2026-06-20T12:00:00Z").await;
    let (mut acme, [stays, left, came, passed]) = leapt(&billing).await;
    let faults = acme.verify().await.faults;
    assert!(faults.iter().any(|fault| fault.contains("ahead of now")), "{faults:?}");

    let stream = tokio_stream::iter(epoch_requests(&acme, 2, 6));
    let begun = billing.ledger().begin_epoch(acme.produced(stream)).await.unwrap().into_inner();

    assert_eq!((begun.epoch, begun.differences), (2, 0));
    assert_eq!(begun.last_effective_time.unwrap().seconds, seconds("2026-06-20T12:00:00Z"));
    billing.advance_to("2026-06-25T00:00:00Z");
    let event = acme.event("2026-06-24T12:00:00Z", stays.parse().unwrap(), None);
    let batch = pb::AppendSeatEventsRequest { epoch: 2, ..acme.batch(vec![event]) };
    let applied = billing.append(vec![batch]).await.unwrap();
    assert_eq!((refused(&applied[0]), applied[0].acknowledged_sequence), ("", 7));
    let day = |person: &str, intervals: &[pb::Interval]| {
        let of_person = intervals.iter().find(|interval| interval.person_key == person).unwrap();
        (of_person.start_time.unwrap().seconds, of_person.end_time.map(|end| end.seconds))
    };
    let (back, intervals) = (seconds("2026-06-20T12:00:00Z"), acme.intervals().await);
    assert_eq!(day(&left, &intervals), (seconds("2026-06-02T00:00:00Z"), Some(back)));
    assert_eq!(day(&came, &intervals), (back, None));
    assert_eq!(day(&passed, &intervals), (back, Some(back)));
    assert_eq!(day(&stays, &intervals).1, Some(seconds("2026-06-24T12:00:00Z")));
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
    let usage = acme.statement("2026-06-01", "2026-07-01").await.unwrap();
    let days: Vec<(&str, i64)> =
        usage.lines.iter().map(|line| (class_name(line.class), line.seat_days)).collect();
    // 24 days of who stayed, 19 of who left, one of who came and left; who came is counted to the end of the
    // period.
    assert_eq!(days, [("regular", 44), ("external", 11)]);
    let later = acme.statement("2027-07-01", "2027-08-01").await.unwrap();
    assert!(
        later.lines.iter().all(|line| line.class != class("regular") || line.seat_days == 0),
        "{later:?}"
    );
}

#[tokio::test]
async fn a_person_who_came_while_the_clock_was_ahead_can_leave_and_return_after_it_was_set_back() {
    let billing = Billing::at("2026-06-20T12:00:00Z").await;
    let (mut acme, [_, left, came, _]) = leapt(&billing).await;
    let stream = tokio_stream::iter(epoch_requests(&acme, 2, 6));
    billing.ledger().begin_epoch(acme.produced(stream)).await.unwrap();
    billing.advance_to("2026-06-25T00:00:00Z");

    let events = vec![
        acme.event("2026-06-21T00:00:00Z", left.parse().unwrap(), Some("Regular")),
        acme.event("2026-06-22T00:00:00Z", came.parse().unwrap(), None),
        acme.event("2026-06-23T00:00:00Z", came.parse().unwrap(), Some("External")),
    ];
    let batch = pb::AppendSeatEventsRequest { epoch: 2, ..acme.batch(events) };
    let applied = billing.append(vec![batch]).await.unwrap();

    assert_eq!((refused(&applied[0]), applied[0].acknowledged_sequence), ("", 9));
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

fn seconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}
