//! What the ledger accepts, and what it refuses.

use sqlx::{AssertSqlSafe, PgConnection};
use usher_base::id::{UserId, WorkspaceId};
use usher_base::{Permission, Reason};
use usher_proto::billing::v1 as pb;

use crate::harness::{Billing, outgoing};
use crate::words::{class, class_name, refused};

/// Runs a statement as the runtime role on the data of a workspace.
pub async fn changed(app: &mut PgConnection, workspace: WorkspaceId, sql: &str) -> Result<(), sqlx::Error> {
    let sql = format!("ROLLBACK; BEGIN; SELECT app_set_tenant('{workspace}'); {sql}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(app).await?;
    Ok(())
}

#[tokio::test]
async fn b1_an_event_delivered_again_changes_nothing_and_is_acknowledged_again() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    let ada = acme.person();
    let created = acme.event("2026-06-01T09:00:00Z", ada, Some("Regular"));
    let left = acme.event("2026-06-10T09:00:00Z", ada, None);
    acme.apply(vec![created.clone(), left.clone()]).await;
    let (cursor, intervals) = (acme.cursor().await, acme.intervals().await);

    let again = vec![
        acme.batch(vec![created.clone()]),
        acme.batch(vec![left.clone()]),
        acme.batch(vec![created.clone(), left.clone()]),
    ];
    let answers = billing.append(again).await.unwrap();

    assert!(answers.iter().all(|answer| answer.refused_reason == 0 && answer.acknowledged_sequence == 2));
    assert_eq!(acme.cursor().await, cursor);
    assert_eq!(acme.intervals().await, intervals);

    // A batch that repeats old events before new ones is applied from the first new one.
    let back = acme.event("2026-06-12T09:00:00Z", ada, Some("Regular"));
    acme.apply(vec![left, back]).await;
    assert_eq!(acme.intervals().await.len(), 2);
}

#[tokio::test]
async fn b2_a_gap_is_refused_with_what_is_there_and_changes_nothing() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    let events: Vec<pb::SeatEvent> = (1..=8)
        .map(|day| {
            let person = acme.person();
            acme.event(&format!("2026-06-0{day}T09:00:00Z"), person, Some("Regular"))
        })
        .collect();
    acme.apply(events[..6].to_vec()).await;
    let cursor = acme.cursor().await;

    let answers = billing.append(vec![acme.batch(vec![events[7].clone()])]).await.unwrap();

    assert_eq!(refused(&answers[0]), Reason::SequenceGap.name());
    assert_eq!(answers[0].acknowledged_sequence, 6);
    assert_eq!(acme.cursor().await, cursor);
    acme.apply(events[6..].to_vec()).await;
}

#[tokio::test]
async fn b3_a_conflicting_repeat_halts_its_ledger_and_no_other() {
    let billing = Billing::start().await;
    let (mut acme, mut globex) = (billing.workspace(), billing.workspace());
    let (ada, bob) = (acme.person(), globex.person());
    let first = acme.event("2026-06-01T09:00:00Z", ada, Some("Regular"));
    acme.apply(vec![first.clone()]).await;
    let head = acme.cursor().await.head_hash;
    let other = pb::SeatEvent { class: class("external"), ..first.clone() };
    let second = acme.event("2026-06-02T09:00:00Z", ada, None);
    let healthy = globex.event("2026-06-01T09:00:00Z", bob, Some("Regular"));

    let batches =
        vec![acme.batch(vec![other, second.clone()]), globex.batch(vec![healthy]), acme.batch(vec![second])];
    let answers = billing.append(batches).await.unwrap();

    let reasons: Vec<&str> = answers.iter().map(refused).collect();
    assert_eq!(reasons, ["EVENT_CONFLICT", "", "EVENT_CONFLICT"]);
    let cursor = acme.cursor().await;
    assert!(cursor.halted && cursor.acknowledged_sequence == 1 && cursor.head_hash == head);
    assert!(!globex.cursor().await.halted);
}

#[tokio::test]
async fn one_malformed_batch_is_answered_and_the_stream_goes_on() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    let (ada, bob) = (acme.person(), acme.person());
    let first = acme.event("2026-06-01T09:00:00Z", ada, Some("Regular"));
    let second = acme.event("2026-06-01T09:00:00Z", bob, Some("Regular"));
    let unknown = pb::SeatEvent { class: class("robot"), ..first.clone() };
    let late = pb::SeatEvent { sequence: 3, ..second.clone() };

    let batches = vec![
        acme.batch(vec![unknown]),
        acme.batch(vec![first.clone(), late]),
        acme.batch(Vec::new()),
        // The second event is not later than the first.
        acme.batch(vec![first.clone(), second]),
        acme.batch(vec![first]),
    ];
    let answers = billing.append(batches).await.unwrap();

    let reasons: Vec<&str> = answers.iter().map(refused).collect();
    assert_eq!(reasons, ["INVALID_ARGUMENT", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "INVALID_ARGUMENT", ""]);
    assert_eq!(acme.intervals().await.len(), 1);
}

#[tokio::test]
async fn e12_a_person_with_two_users_takes_one_seat_in_the_higher_class() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    let (ada, home, work) = (acme.person(), UserId::new(&billing.clock), UserId::new(&billing.clock));
    let events = vec![
        acme.user_event("2026-06-01T00:00:00Z", ada, home, Some("External")),
        acme.user_event("2026-06-05T00:00:00Z", ada, work, Some("Regular")),
        acme.user_event("2026-06-06T00:00:00Z", ada, home, None),
        acme.user_event("2026-06-07T00:00:00Z", ada, home, Some("External")),
        acme.user_event("2026-06-09T00:00:00Z", ada, work, None),
    ];
    // One event per batch, so that the stored state is used between them.
    for event in events {
        acme.apply(vec![event]).await;
    }

    let intervals = acme.intervals().await;

    let seen: Vec<(&str, i64, i64)> = intervals
        .iter()
        .map(|interval| (class_name(interval.class), interval.open_sequence, interval.close_sequence))
        .collect();
    assert_eq!(seen, [("external", 1, 2), ("regular", 2, 5), ("external", 5, 0)]);
}

#[tokio::test]
async fn the_database_itself_refuses_overlapping_intervals_and_changes_of_facts() {
    use sqlx::Connection as _;
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    let ada = acme.person();
    let event = acme.event("2026-06-01T09:00:00Z", ada, Some("Regular"));
    acme.apply(vec![event]).await;

    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    let overlapping = sqlx::query(
        "INSERT INTO intervals (tenant_id, person_key, open_sequence, class, start_at, start_cause)
         SELECT tenant_id, person_key, 99, class, start_at + interval '1 day', start_cause FROM intervals",
    )
    .execute(&mut owner)
    .await
    .unwrap_err();
    assert!(overlapping.to_string().contains("intervals_overlap"), "{overlapping}");

    let mut app = PgConnection::connect(&billing.database.url()).await.unwrap();
    for change in [
        "UPDATE events SET cause = 'x'",
        "DELETE FROM events",
        "UPDATE price_versions SET unit_price_micros = 0",
        "DELETE FROM intervals",
    ] {
        let refused = changed(&mut app, acme.id, change).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{change}: {refused}");
    }
}

#[tokio::test]
async fn only_identity_may_append_and_a_workspaces_credential_reads_its_own_seats_only() {
    let billing = Billing::start().await;
    let (mut acme, globex) = (billing.workspace(), billing.workspace());
    let ada = acme.person();
    let event = acme.event("2026-06-01T09:00:00Z", ada, Some("Regular"));
    let batch = acme.batch(vec![event.clone()]);
    acme.apply(vec![event]).await;

    let operator = billing.credential("operator:ops", None, &[Permission::BillingAdmin]);
    let refused = billing
        .ledger()
        .append_seat_events(outgoing(&operator, None).request(tokio_stream::iter([batch])))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);

    let foreign = billing.credential("admin:x", Some(globex.id), &[Permission::BillingRead]);
    let message = pb::ListEventsRequest::default();
    let refused =
        billing.usage().list_events(outgoing(&foreign, Some(acme.id)).request(message)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated, "an actor that is none");

    let admin = format!("admin:{}", usher_base::id::AdminId::new(&billing.clock));
    let foreign = billing.credential(&admin, Some(globex.id), &[Permission::BillingRead]);
    let refused =
        billing.usage().list_events(outgoing(&foreign, Some(acme.id)).request(message)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    let own = billing.usage().list_events(outgoing(&foreign, None).request(message)).await.unwrap();
    assert!(own.into_inner().events.is_empty());
}

#[tokio::test]
async fn five_hundred_events_of_one_person_are_one_batch() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    let ada = acme.person();
    let events: Vec<pb::SeatEvent> = (0..500)
        .map(|n| {
            let at = format!("2026-06-01T09:{:02}:{:02}Z", n / 60, n % 60);
            acme.event(&at, ada, (n % 2 == 0).then_some("Regular"))
        })
        .collect();

    acme.apply(events.clone()).await;

    assert_eq!(acme.intervals().await.len(), 250);
    let page =
        acme.request(pb::ListEventsRequest { after_sequence: 490, page_size: 5, ..Default::default() });
    let page = billing.usage().list_events(page).await.unwrap().into_inner();
    assert_eq!(page.next_after_sequence, 495);
    assert_eq!(page.events[0].event_id, events[490].event_id);
    assert_eq!(page.events[0].hash.len(), 32);
}
