//! Credit notes for closed periods.

use sqlx::{Connection as _, PgConnection};
use usher_base::id::EventId;
use usher_base::{Permission, Reason};
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::closing::{lines, one_seat};
use crate::harness::{Billing, outgoing};
use crate::workspace::Workspace;

fn note(billing: &Billing, credited: &[(i32, i64)]) -> pb::IssueCreditNoteRequest {
    let line = |(line_no, amount_minor): &(i32, i64)| pb::CreditNoteLine {
        line_no: *line_no,
        amount_minor: *amount_minor,
        ..Default::default()
    };
    pb::IssueCreditNoteRequest {
        id: EventId::new(&billing.clock).to_string(),
        start_date: "2026-06-01".to_owned(),
        lines: credited.iter().map(line).collect(),
        reason: "an outage".to_owned(),
    }
}

async fn issue(
    workspace: &Workspace<'_>,
    message: pb::IssueCreditNoteRequest,
) -> Result<pb::CreditNote, Failure> {
    let answer = workspace.billing.credit_notes().issue_credit_note(workspace.request(message)).await?;
    Ok(answer.into_inner().credit_note.unwrap())
}

#[tokio::test]
async fn a_credit_note_is_booked_in_the_open_period_and_does_not_change_the_closed_one() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    let closed = acme.close("2026-06-01").await.unwrap();
    let statement = acme.report("statement", "csv", "2026-06-01", None).await.unwrap().0;

    billing.advance_to("2026-07-03T00:00:00Z");
    let issued = issue(&acme, note(&billing, &[(1, 500)])).await.unwrap();
    assert_eq!((issued.amount_minor, issued.booked_period.as_str()), (500, "2026-07-01"));
    assert_eq!((issued.author.as_str(), issued.reason.as_str()), ("operator:ops", "an outage"));

    let june = acme.invoice("2026-06-01").await.unwrap();
    assert_eq!((june.credit_notes.as_slice(), june.credited_minor), ([issued].as_slice(), 500));
    assert_eq!(pb::Invoice { credit_notes: Vec::new(), credited_minor: 0, ..june }, closed);
    assert_eq!(acme.report("statement", "csv", "2026-06-01", None).await.unwrap().0, statement);
    let july = acme.invoice("2026-07-01").await.unwrap();
    assert_eq!(
        lines(&july),
        [("seat", "regular", "2026-07-01", 1200), ("credit_note", "regular", "2026-06-01", -500)]
    );
    assert_eq!((july.total_minor, july.credit_minor), (700, 0));
    let (july, _) = acme.report("statement", "csv", "2026-07-01", None).await.unwrap();
    assert!(july.contains("credit_note,regular,2026-06-01") && july.contains("-5.00"), "{july}");
    let before = acme.report("statement", "csv", "2026-07-01", Some("2026-07-02T12:00:00Z")).await.unwrap().0;
    assert!(!before.contains("credit_note"), "it was not known then: {before}");
    let listed = billing.periods().list_periods(acme.request(pb::ListPeriodsRequest {})).await.unwrap();
    assert_eq!(listed.into_inner().periods[0].credited_minor, 500);
}

#[tokio::test]
async fn credit_beyond_the_next_invoice_is_carried_forward_and_not_billed_again() {
    let billing = Billing::at("2026-08-02T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    let left = acme.event("2026-07-16T00:00:00Z", ada, None);
    acme.apply(vec![left]).await;
    acme.prove("2026-08-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    issue(&acme, note(&billing, &[(1, 1_200)])).await.unwrap();
    // A late fact of the credited month: the adjustment follows from the facts, and ignores the note.
    acme.correct(ada, "2026-06-21T00:00:00Z", "2026-07-01T00:00:00Z", "").await.unwrap();

    let july = acme.close("2026-07-01").await.unwrap();

    assert_eq!(
        lines(&july),
        [
            ("seat", "regular", "2026-07-01", 581),
            ("adjustment", "regular", "2026-06-01", -400),
            ("credit_note", "regular", "2026-06-01", -1_200),
            ("credit", "", "2026-07-01", 1_019),
        ]
    );
    assert_eq!((july.total_minor, july.credit_minor), (0, 1_019));
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn all_notes_together_credit_at_most_what_a_line_billed() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    let early = issue(&acme, note(&billing, &[(1, 1)])).await.unwrap_err();
    assert_eq!(early.metadata["field"], "start_date", "nothing is closed yet");
    acme.close("2026-06-01").await.unwrap();

    issue(&acme, note(&billing, &[(1, 700)])).await.unwrap();
    let over = issue(&acme, note(&billing, &[(1, 501)])).await.unwrap_err();
    assert_eq!(over.reason, Reason::FailedPrecondition);
    assert!(over.message.contains("500 minor units left"), "{}", over.message);
    for wrong in [&[(2, 1)][..], &[(0, 1)], &[(1, 0)], &[(1, -5)], &[(1, 1), (1, 1)], &[]] {
        let refused = issue(&acme, note(&billing, wrong)).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidArgument, "{wrong:?}");
    }
    issue(&acme, note(&billing, &[(1, 500)])).await.unwrap();

    // Each of two notes would be accepted; together they exceed the amount.
    let globex = one_closed(&billing).await;
    let (one, other) = tokio::join!(
        issue(&globex, note(&billing, &[(1, 700)])),
        issue(&globex, note(&billing, &[(1, 700)]))
    );
    assert!(one.is_ok() != other.is_ok());
}

async fn one_closed(billing: &Billing) -> Workspace<'_> {
    let (workspace, _) = one_seat(billing).await;
    workspace.prove("2026-07-01T12:00:00Z").await;
    workspace.close("2026-06-01").await.unwrap();
    workspace
}

#[tokio::test]
async fn a_note_needs_permission_is_issued_once_and_never_changes() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let acme = one_closed(&billing).await;
    let message = note(&billing, &[(1, 300)]);
    let issued = issue(&acme, message.clone()).await.unwrap();
    assert_eq!(issue(&acme, message.clone()).await.unwrap(), issued);
    let other = pb::IssueCreditNoteRequest { reason: "another".to_owned(), ..message.clone() };
    assert_eq!(issue(&acme, other).await.unwrap_err().reason, Reason::AlreadyExists);
    assert_eq!(acme.invoice("2026-06-01").await.unwrap().credited_minor, 300);

    let reader = billing.credential("operator:ops", None, &[Permission::BillingRead]);
    let request = outgoing(&reader, Some(acme.id)).request(message);
    let refused = billing.credit_notes().issue_credit_note(request).await.unwrap_err();
    assert_eq!(Failure::from(refused).reason, Reason::PermissionDenied);
    let audit = billing.audit().list_audit(acme.request(pb::ListAuditRequest::default())).await.unwrap();
    let entries = audit.into_inner().entries;
    assert_eq!(entries.iter().filter(|entry| entry.action == "credit_note.issue").count(), 1);

    let mut app = PgConnection::connect(&billing.database.url()).await.unwrap();
    for table in ["credit_notes", "credit_note_lines", "credit_note_postings"] {
        for change in [format!("UPDATE {table} SET tenant_id = tenant_id"), format!("DELETE FROM {table}")] {
            let refused = crate::append::changed(&mut app, acme.id, &change).await.unwrap_err();
            assert!(refused.to_string().contains("permission denied"), "{table}: {refused}");
        }
    }
}

#[tokio::test]
async fn i17_postings_of_notes_and_invoices_sum_to_zero_and_used_credit_leaves_no_rest() {
    let billing = Billing::at("2026-08-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-08-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    issue(&acme, note(&billing, &[(1, 900)])).await.unwrap();
    acme.close("2026-07-01").await.unwrap();

    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    let balances: Vec<(String, i64)> = sqlx::query_as(
        "SELECT account, sum(amount_minor)::bigint FROM (
           SELECT account, amount_minor FROM postings UNION ALL SELECT account, amount_minor FROM credit_note_postings
         ) p GROUP BY account ORDER BY account",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let (june, july) = (677, 678);
    let expected = [
        ("credit:EUR".to_owned(), 0),
        (format!("receivable:{june}"), 1_200),
        (format!("receivable:{july}"), 300),
        (format!("revenue:regular:{june}"), -300),
        (format!("revenue:regular:{july}"), -1_200),
    ];
    assert_eq!(balances, expected);
    assert_eq!(balances.iter().map(|(_, amount)| amount).sum::<i64>(), 0);
}
