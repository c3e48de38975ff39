//! Requests for usage, intervals and facts.

use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;
use usher_rpc::convert::to_wire;
use usher_seats::Granularity;

use crate::harness::Billing;
use crate::words::{self, number};
use crate::workspace::Workspace;

/// Ada is Regular from May on and External from 16 June on; Bob came on 10 June and left on 2 July.
async fn two_people(billing: &Billing) -> Workspace<'_> {
    let mut acme = billing.workspace();
    let (ada, bob) = (acme.person(), acme.person());
    let events = vec![
        acme.event("2026-05-20T09:00:00Z", ada, Some("Regular")),
        acme.event("2026-06-10T10:00:00Z", bob, Some("Regular")),
        acme.event("2026-06-16T10:00:00Z", ada, Some("External")),
    ];
    acme.apply(events).await;
    billing.advance_to("2026-07-05T00:00:00Z");
    let left = acme.event("2026-07-02T08:00:00Z", bob, None);
    acme.apply(vec![left]).await;
    acme
}

async fn usage(acme: &Workspace<'_>, granularity: &str) -> Result<Vec<pb::Usage>, Failure> {
    let message = pb::GetUsageRequest {
        start_date: "2026-06-01".to_owned(),
        end_date: "2026-07-04".to_owned(),
        known_time: None,
        granularity: number::<Granularity>(granularity),
    };
    Ok(acme.billing.usage().get_usage(acme.request(message)).await?.into_inner().usage)
}

#[tokio::test]
async fn usage_is_by_day_by_month_or_in_total_and_closing_counts_follow_from_movements() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let acme = two_people(&billing).await;

    let months = usage(&acme, "month").await.unwrap();
    let row =
        |date: &str, class: &str, seat_days, (opening, closing, peak), started, stopped, change| pb::Usage {
            date: date.to_owned(),
            class: words::class(class),
            seat_days,
            opening,
            closing,
            peak,
            started,
            stopped,
            changed_in: i64::from(change > 0),
            changed_out: i64::from(change < 0),
        };
    assert_eq!(
        months,
        [
            row("2026-06-01", "regular", 16 + 21, (1, 1, 2), 1, 0, -1),
            row("2026-06-01", "external", 14, (0, 1, 1), 0, 0, 1),
            row("2026-07-01", "regular", 2, (1, 0, 1), 0, 1, 0),
            row("2026-07-01", "external", 3, (1, 1, 1), 0, 0, 0),
        ]
    );
    let total = usage(&acme, "total").await.unwrap();
    assert_eq!(total[0], row("2026-06-01", "regular", 16 + 21 + 2, (1, 0, 2), 1, 1, -1));
    let days = usage(&acme, "").await.unwrap();
    assert_eq!(days, usage(&acme, "day").await.unwrap());
    assert_eq!(days.iter().map(|day| day.seat_days).sum::<i64>(), 16 + 21 + 14 + 2 + 3);
    for usage in days.iter().chain(&months).chain(&total) {
        let moved = usage.started - usage.stopped + usage.changed_in - usage.changed_out;
        assert_eq!(usage.opening + moved, usage.closing, "{usage:?}");
    }
    let refused = usage(&acme, "week").await.unwrap_err();
    assert_eq!(
        (refused.reason, refused.metadata["field"].as_str()),
        (Reason::InvalidArgument, "granularity")
    );
}

#[tokio::test]
async fn intervals_are_found_by_class_and_time_as_they_were_known() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let acme = two_people(&billing).await;
    let (ada, bob) = (&acme.sent[0].person_key, &acme.sent[1].person_key);
    let find = async |request: pb::ListIntervalsRequest| {
        let answer = acme.billing.usage().list_intervals(acme.request(request)).await.unwrap();
        let found = answer.into_inner().intervals;
        let mut brief: Vec<(String, i32, bool)> = found
            .into_iter()
            .map(|interval| (interval.person_key, interval.class, interval.end_time.is_none()))
            .collect();
        brief.sort_unstable();
        brief
    };
    let at = |time: &str| Some(to_wire(time.parse().unwrap()));
    let of = |person: &String, class: &str, open| (person.clone(), words::class(class), open);
    let none = pb::ListIntervalsRequest::default;

    let external = find(pb::ListIntervalsRequest { class: words::class("external"), ..none() }).await;
    assert_eq!(external, [of(ada, "external", true)]);
    // Ada's first interval ends at the instant at which the request begins.
    let later = pb::ListIntervalsRequest { overlap_start_time: at("2026-06-16T10:00:00Z"), ..none() };
    let mut wanted = [of(ada, "external", true), of(bob, "regular", false)];
    wanted.sort_unstable();
    assert_eq!(find(later).await, wanted);
    let earlier = pb::ListIntervalsRequest { overlap_end_time: at("2026-06-10T10:00:00Z"), ..none() };
    assert_eq!(find(earlier).await, [of(ada, "regular", false)]);
    let open = pb::ListIntervalsRequest { open_only: true, ..none() };
    assert_eq!(find(open.clone()).await, [of(ada, "external", true)]);
    // As of 30 June, it was not recorded that Bob would leave.
    let june = pb::ListIntervalsRequest { known_time: at("2026-06-30T00:00:00Z"), ..open };
    let mut wanted = [of(ada, "external", true), of(bob, "regular", true)];
    wanted.sort_unstable();
    assert_eq!(find(june).await, wanted);
}

#[tokio::test]
async fn facts_are_found_by_number_and_time() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let acme = two_people(&billing).await;
    let find = async |request: pb::ListEventsRequest| {
        let answer = acme.billing.usage().list_events(acme.request(request)).await.unwrap().into_inner();
        let numbers: Vec<i64> = answer.events.iter().map(|event| event.sequence).collect();
        (numbers, answer.next_after_sequence)
    };
    let at = |time: &str| Some(to_wire(time.parse().unwrap()));
    let none = pb::ListEventsRequest::default;

    let range = pb::ListEventsRequest { after_sequence: 1, until_sequence: 3, ..none() };
    assert_eq!(find(range).await, (vec![2, 3], 0));
    assert_eq!(find(pb::ListEventsRequest { page_size: 1, ..range }).await, (vec![2], 2));
    let june = pb::ListEventsRequest {
        start_time: at("2026-06-10T10:00:00Z"),
        end_time: at("2026-07-02T08:00:00Z"),
        ..none()
    };
    assert_eq!(find(june).await, (vec![2, 3], 0));
    let before = pb::ListEventsRequest { after_sequence: -1, ..none() };
    let refused = acme.billing.usage().list_events(acme.request(before)).await.unwrap_err();
    assert_eq!(refused.message(), "after_sequence is not valid: it must not be negative");
}

#[tokio::test]
async fn an_unreadable_request_is_refused_with_the_expected_form() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let acme = billing.workspace();
    let person = pb::GetSeatStatusRequest { person_key: "x".to_owned(), ..Default::default() };
    let person = billing.usage().get_seat_status(acme.request(person)).await.unwrap_err();
    assert!(
        person.message().starts_with("person_key is not valid: write it as a UUID such as 0"),
        "{person}"
    );
    for date in ["soon", "2026-6-1", "999999-01-01", "2026-02-30"] {
        let refused = acme.statement(date, "2026-07-01").await.unwrap_err();
        assert_eq!(
            refused.message, "start_date is not valid: write it as a date such as 2026-06-01",
            "{date}"
        );
    }
    let page = pb::ListAuditRequest { page_token: "2".to_owned(), ..Default::default() };
    let page = billing.audit().list_audit(acme.request(page)).await.unwrap_err();
    assert!(page.message().ends_with("use the next_page_token of the previous page"), "{page}");
}
