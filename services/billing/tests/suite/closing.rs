//! Closes periods, and checks that closed ones do not change.

use sqlx::{Connection as _, PgConnection};
use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_seats::PeriodState;

use crate::harness::Billing;
use crate::words::{class, class_name, kind_name, name};
use crate::workspace::Workspace;

/// Returns (kind, class, origin, amount) of each line.
pub fn lines(invoice: &pb::Invoice) -> Vec<(&str, &str, &str, i64)> {
    invoice
        .lines
        .iter()
        .map(|line| {
            (kind_name(line.kind), class_name(line.class), line.origin_period.as_str(), line.amount_minor)
        })
        .collect()
}

/// One Regular seat at 12.00 since May. It is July, and June can be closed.
pub async fn one_seat(billing: &Billing) -> (Workspace<'_>, usher_base::id::PersonKey) {
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    acme.price("external", "8.00", "2026-01-01").await.unwrap();
    let ada = acme.person();
    let event = acme.event("2026-06-01T00:00:00Z", ada, Some("Regular"));
    acme.apply(vec![event]).await;
    (acme, ada)
}

#[tokio::test]
async fn a_period_closes_only_with_proof_and_lists_what_is_missing() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;

    let early = acme.close("2026-06-01").await.unwrap_err();
    assert_eq!(early.reason, Reason::FailedPrecondition);
    assert!(
        early.message.contains("has not ended") && early.message.contains("no watermark"),
        "{}",
        early.message
    );

    billing.advance_to("2026-07-02T00:00:00Z");
    acme.watermark(1, "2026-06-30T23:59:59.999999Z", 1).await;
    let lagging = acme.close("2026-06-01").await.unwrap_err();
    assert!(lagging.message.contains("watermark is at 2026-06-30T23:59:59.999999Z"), "{}", lagging.message);
    assert!(lagging.message.contains("last equal at event 0"), "{}", lagging.message);

    let wanted = acme.watermark(1, "2026-07-01T00:00:00Z", 2).await;
    assert_eq!(
        wanted.compare_workspace_ids,
        [acme.id.to_string()],
        "the failed close asked for a comparison"
    );
    assert_eq!(wanted.behind_workspace_ids, [acme.id.to_string()]);
    let gap = acme.close("2026-06-01").await.unwrap_err();
    assert!(gap.message.contains("event 2 is missing: identity is at 2"), "{}", gap.message);

    let preview = acme.invoice("2026-06-01").await.unwrap();
    assert!(preview.provisional && preview.incomplete_reasons.len() == 2, "{:?}", preview.incomplete_reasons);
    assert_eq!(lines(&preview), [("seat", "regular", "2026-06-01", 1200)]);
}

#[tokio::test]
async fn a_closed_period_never_changes() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;

    let closed = acme.close("2026-06-01").await.unwrap();

    assert!(!closed.provisional && closed.snapshot_hash.len() == 32 && !closed.time_zone_database.is_empty());
    assert_eq!((closed.total_minor, closed.credit_minor, closed.sequence), (1200, 0, 1));
    assert_eq!(acme.close("2026-06-01").await.unwrap(), closed, "closing again gives what was closed");

    let left = acme.event("2026-07-02T13:00:00Z", ada, None);
    acme.apply(vec![left]).await;
    acme.correct(ada, "2026-06-10T00:00:00Z", "2026-06-20T00:00:00Z", "").await.unwrap();
    assert_eq!(acme.invoice("2026-06-01").await.unwrap(), closed);
    let late = acme.price("regular", "20.00", "2026-06-15").await.unwrap_err();
    assert_eq!(late.reason, Reason::FailedPrecondition);

    let mut app = PgConnection::connect(&billing.database.url()).await.unwrap();
    for table in ["closes", "close_lines", "close_days", "postings", "audit_entries", "epochs"] {
        for change in [format!("UPDATE {table} SET tenant_id = tenant_id"), format!("DELETE FROM {table}")] {
            let refused = crate::append::changed(&mut app, acme.id, &change).await.unwrap_err();
            assert!(refused.to_string().contains("permission denied"), "{table}: {refused}");
        }
    }
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn i17_the_postings_of_a_closed_period_sum_to_zero_and_the_receivable_to_its_total() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();

    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    let (all, receivable): (i64, i64) = sqlx::query_as(
        "SELECT sum(amount_minor)::bigint, (sum(amount_minor) FILTER (WHERE account LIKE 'receivable:%'))::bigint FROM postings",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!((all, receivable), (0, 1200));
}

#[tokio::test]
async fn periods_close_in_order_and_b17_one_without_seats_costs_only_its_minimum() {
    let billing = Billing::at("2026-10-02T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    let left = acme.event("2026-06-30T12:00:00Z", ada, None);
    acme.apply(vec![left]).await;
    let message = pb::SetMinimumSpendRequest { valid_from: "2026-08-01".to_owned(), amount_minor: 5_000 };
    billing.minimums().set_minimum_spend(acme.request(message)).await.unwrap();
    acme.prove("2026-10-01T12:00:00Z").await;

    let order = acme.close("2026-07-01").await.unwrap_err();
    assert!(order.message.contains("2026-06-01"), "{}", order.message);
    assert!(acme.close("2026-06-02").await.is_err());
    acme.close("2026-06-01").await.unwrap();
    let july = acme.close("2026-07-01").await.unwrap();
    let august = acme.close("2026-08-01").await.unwrap();

    assert_eq!((lines(&july), july.total_minor), (vec![], 0));
    assert_eq!(lines(&august), [("min_spend", "", "2026-08-01", 5_000)]);
    let listed = billing.periods().list_periods(acme.request(pb::ListPeriodsRequest {})).await.unwrap();
    let listed = listed.into_inner().periods;
    let state = |listed: &pb::PeriodSummary| name::<PeriodState>(listed.period.as_ref().unwrap().state);
    let states: Vec<&str> = listed.iter().map(state).collect();
    assert_eq!(states, ["CLOSED", "CLOSED", "CLOSED", "OPEN"]);
    for pair in listed.windows(2) {
        let (before, after) = (pair[0].period.clone().unwrap(), pair[1].period.clone().unwrap());
        assert_eq!(before.close_time, after.open_time, "I11");
    }
}

#[tokio::test]
async fn an_account_changes_at_a_coming_boundary_and_e32_the_next_period_opens_where_the_last_closed() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    acme.account("EUR", 2, "Asia/Tokyo").await.unwrap();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    let (ada, bob) = (acme.person(), acme.person());
    let change = |effective: &str| pb::UpsertAccountRequest {
        account: Some(pb::Account {
            currency: "EUR".to_owned(),
            exponent: 2,
            time_zone: "America/New_York".to_owned(),
            effective_date: effective.to_owned(),
            ..Default::default()
        }),
    };
    for refused in ["2026-06-01", "2026-07-02"] {
        assert!(billing.accounts().upsert_account(acme.request(change(refused))).await.is_err(), "{refused}");
    }
    billing.accounts().upsert_account(acme.request(change("2026-07-01"))).await.unwrap();

    let events = vec![
        acme.event("2026-06-10T00:00:00Z", bob, Some("Collaborator")),
        acme.event("2026-06-30T16:00:00Z", ada, Some("Regular")),
        acme.event("2026-06-30T17:00:00Z", ada, None),
    ];
    acme.apply(events).await;
    billing.advance_to("2026-07-05T00:00:00Z");
    acme.prove("2026-07-04T00:00:00Z").await;

    let june = acme.close("2026-06-01").await.unwrap();
    assert_eq!(june.period.unwrap().close_time.unwrap().seconds, 1_782_831_600, "30 June 15:00Z");
    assert_eq!(june.total_minor, 0);
    let july = acme.invoice("2026-07-01").await.unwrap();
    let regular = july.lines.iter().find(|line| line.class == class("regular")).unwrap();
    assert_eq!((regular.seat_days, regular.amount_minor), (1, 39));
}

#[tokio::test]
async fn allocations_are_streamed_sum_to_their_line_and_name_the_days() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let mut acme = billing.workspace();
    acme.price("regular", "10.00", "2026-01-01").await.unwrap();
    let events: Vec<pb::SeatEvent> = (0..3)
        .map(|n| {
            let person = acme.person();
            acme.event(&format!("2026-06-30T00:00:0{n}Z"), person, Some("Regular"))
        })
        .collect();
    acme.apply(events).await;

    let message = pb::ListAllocationsRequest { start_date: "2026-06-01".to_owned(), known_time: None };
    let mut stream = billing.invoices().list_allocations(acme.request(message)).await.unwrap().into_inner();
    let shares = stream.message().await.unwrap().unwrap().allocations;

    let amounts: Vec<i64> = shares.iter().map(|share| share.amount_minor).collect();
    assert_eq!(amounts, [34, 33, 33], "100 over three equal people");
    assert!(shares.iter().all(|share| share.days == 1 && share.first_date == "2026-06-30"));
    assert!(stream.message().await.unwrap().is_none());
}

#[tokio::test]
async fn b15_the_last_period_of_a_workspace_that_was_deleted_is_billed_to_the_commit_and_closed_at_its_end() {
    let billing = Billing::at("2026-08-02T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    let bob = acme.person();
    let events = vec![
        acme.event("2026-06-05T10:00:00Z", bob, Some("External")),
        pb::SeatEvent { cause: "scim.delete".to_owned(), ..acme.event("2026-06-11T16:30:00Z", ada, None) },
        pb::SeatEvent {
            cause: "scim.delete".to_owned(),
            ..acme.event("2026-06-11T16:30:00.000001Z", bob, None)
        },
    ];
    acme.sent.splice(2.., events[1..].iter().cloned());
    acme.apply(events).await;
    acme.prove("2026-08-01T12:00:00Z").await;

    let june = acme.close("2026-06-01").await.unwrap();
    let july = acme.close("2026-07-01").await.unwrap();

    // 11 of 30 dates at 12.00, and 7 at 8.00.
    assert_eq!(
        lines(&june),
        [("seat", "regular", "2026-06-01", 440), ("seat", "external", "2026-06-01", 187)]
    );
    assert_eq!((lines(&july), july.total_minor), (vec![], 0));
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}
