//! Reconciliations of states, and new epochs.

use sqlx::{Connection as _, PgConnection};
use usher_base::Reason;
use usher_base::id::UserId;
use usher_proto::billing::v1 as pb;

use crate::harness::Billing;
use crate::words::{class, refused};
use crate::workspace::Workspace;

/// Three people, one of whom has left.
async fn three(acme: &mut Workspace<'_>) {
    let (ada, bob, eve) = (acme.person(), acme.person(), acme.person());
    let events = vec![
        acme.event("2026-06-01T00:00:00Z", ada, Some("Regular")),
        acme.event("2026-06-02T00:00:00Z", bob, Some("External")),
        acme.event("2026-06-03T00:00:00Z", eve, Some("Collaborator")),
        acme.event("2026-06-04T00:00:00Z", bob, None),
    ];
    acme.apply(events).await;
}

fn states(acme: &Workspace<'_>, epoch: i64, sequence: i64) -> Vec<pb::StatePart> {
    let head = pb::StateHead {
        workspace_id: acme.id.to_string(),
        epoch,
        sequence,
        reason: "restored from a backup".to_owned(),
    };
    let users = acme.state().into_iter().map(|(user_id, (person_key, class))| pb::StatePart {
        head: None,
        users: vec![pb::UserState { user_id, person_key, class }],
    });
    let first = pb::StatePart { head: Some(head), users: Vec::new() };
    std::iter::once(first).chain(users).collect()
}

pub fn reconcile_requests(acme: &Workspace<'_>, epoch: i64, sequence: i64) -> Vec<pb::ReconcileStateRequest> {
    let request = |part| pb::ReconcileStateRequest { part: Some(part) };
    states(acme, epoch, sequence).into_iter().map(request).collect()
}

pub fn epoch_requests(acme: &Workspace<'_>, epoch: i64, sequence: i64) -> Vec<pb::BeginEpochRequest> {
    let request = |part| pb::BeginEpochRequest { part: Some(part) };
    states(acme, epoch, sequence).into_iter().map(request).collect()
}

#[tokio::test]
async fn i20_states_are_compared_at_the_same_number_also_at_an_earlier_one() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    three(&mut acme).await;
    let now = acme.state();
    let last = acme.sent.pop().unwrap();
    let before = acme.state();
    acme.sent.push(last);

    assert_eq!(acme.compare(1, 4, &now).await, "EQUAL");
    assert_eq!(acme.compare(1, 3, &before).await, "EQUAL");
    assert_eq!(acme.compare(1, 3, &now).await, "DIFFERENT");
    assert_eq!(acme.compare(1, 5, &now).await, "BEHIND");
    assert_eq!(acme.compare(2, 4, &now).await, "BEHIND");
}

#[tokio::test]
async fn a_difference_is_found_to_the_person() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    three(&mut acme).await;
    let ada = acme.sent[0].person_key.clone();
    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    sqlx::query("UPDATE seats SET class = 'external' WHERE person_key = $1")
        .bind(ada.parse::<uuid::Uuid>().unwrap())
        .execute(&mut owner)
        .await
        .unwrap();

    assert_eq!(acme.compare(1, 4, &acme.state()).await, "DIFFERENT");
    let stream = tokio_stream::iter(reconcile_requests(&acme, 1, 4));
    let found = billing.ledger().reconcile_state(acme.produced(stream)).await.unwrap().into_inner();

    assert_eq!(
        (found.outcome(), found.person_keys.as_slice()),
        (pb::ComparisonOutcome::Different, [ada.clone()].as_slice())
    );
    let listed =
        billing.reconciliations().list_reconciliations(acme.request(pb::ListReconciliationsRequest {})).await;
    let rows = listed.unwrap().into_inner().rows;
    let regular =
        rows.iter().find(|row| row.class == class("regular") && !row.person_keys.is_empty()).unwrap();
    assert_eq!((regular.identity_count, regular.billing_count, regular.equal), (1, 0, false));
}

#[tokio::test]
async fn b7_a_new_epoch_books_each_difference_as_an_event_and_goes_on() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    three(&mut acme).await;
    // Identity was restored without its last event, and has somebody whom billing never saw.
    acme.sent.pop();
    let new = acme.person();
    let user = UserId::from_uuid(new.as_uuid());
    acme.user_event("2026-06-05T00:00:00Z", new, user, Some("Regular"));

    let stream = tokio_stream::iter(epoch_requests(&acme, 3, 3));
    let skipped = billing.ledger().begin_epoch(acme.produced(stream)).await.unwrap_err();
    assert_eq!(usher_rpc::Failure::from(skipped).reason, Reason::FailedPrecondition);
    let begin_epoch = || {
        let request = acme.produced(tokio_stream::iter(epoch_requests(&acme, 2, 3)));
        async { billing.ledger().begin_epoch(request).await.unwrap().into_inner() }
    };
    let (begun, again) = (begin_epoch().await, begin_epoch().await);

    assert_eq!((begun.epoch, begun.differences), (2, 2));
    assert_eq!(begun, again);
    let listed = billing.usage().list_events(acme.request(pb::ListEventsRequest::default())).await.unwrap();
    let events = listed.into_inner().events;
    let causes: Vec<(&str, i64, i64)> =
        events[4..].iter().map(|event| (event.cause.as_str(), event.epoch, event.source_sequence)).collect();
    assert_eq!(causes, [("epoch.resync", 2, 0), ("epoch.resync", 2, 0)]);
    assert_eq!(acme.compare(2, 3, &acme.state()).await, "EQUAL");

    // The old epoch has ended; the new one continues from its number.
    let event = acme.event("2026-06-21T00:00:00Z", new, None);
    let event = pb::SeatEvent { sequence: 4, ..event };
    billing.advance_to("2026-06-21T00:00:00Z");
    let old = billing.append(vec![acme.batch(vec![event.clone()])]).await.unwrap();
    assert_eq!(refused(&old[0]), "FAILED_PRECONDITION");
    let batch = pb::AppendSeatEventsRequest { epoch: 2, ..acme.batch(vec![event]) };
    let applied = billing.append(vec![batch]).await.unwrap();
    assert_eq!((refused(&applied[0]), applied[0].acknowledged_sequence), ("", 4));
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_halted_ledger_goes_on_with_a_new_epoch() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    three(&mut acme).await;
    let other = pb::SeatEvent { cause: "scim.delete".to_owned(), ..acme.sent[3].clone() };
    let answers = billing.append(vec![acme.batch(vec![other])]).await.unwrap();
    assert_eq!(refused(&answers[0]), Reason::EventConflict.name());

    let stream = tokio_stream::iter(epoch_requests(&acme, 2, 4));
    let begun = billing.ledger().begin_epoch(acme.produced(stream)).await.unwrap().into_inner();

    assert_eq!(begun.differences, 0);
    let cursor = acme.cursor().await;
    assert!(!cursor.halted && cursor.epoch == 2 && cursor.acknowledged_sequence == 4);
}

#[tokio::test]
async fn i16_and_i5_verification_finds_changes_that_bypassed_the_ledger() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let mut acme = billing.workspace();
    three(&mut acme).await;
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    acme.price("external", "8.00", "2026-01-01").await.unwrap();
    acme.prove("2026-07-01T00:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    assert_eq!(acme.verify().await, pb::VerifyLedgerResponse { facts: 4, faults: Vec::new() });

    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    for (change, fault) in [
        ("UPDATE postings SET amount_minor = 1 WHERE posting_no = 1", "do not sum to zero"),
        ("UPDATE postings SET account = 'receivable:0' WHERE posting_no = 1", "is not its total"),
        ("UPDATE close_lines SET amount_minor = 1", "the snapshot of the period from 2026-06-01"),
        ("UPDATE close_lines SET amount_minor = 1", "line 1 of the period from 2026-06-01 is not rounded"),
        ("UPDATE close_lines SET amount_minor = 1", "differs by 1199 from its cost"),
        (
            "UPDATE intervals SET start_at = start_at - interval '1 day' WHERE open_sequence = 1",
            "the interval of",
        ),
        ("UPDATE events SET actor = 'x' WHERE sequence = 2", "fact 2 does not have its hash"),
        ("DELETE FROM events WHERE sequence = 3", "fact 3 is missing"),
    ] {
        sqlx::query(change).execute(&mut owner).await.unwrap();
        let faults = acme.verify().await.faults;
        assert!(faults.iter().any(|found| found.contains(fault)), "{change}: {faults:?}");
    }
}
