//! The clock of billing is ahead of the clock of its database.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tonic::{Response, Status};
use usher_base::id::{EventId, PersonKey};
use usher_base::{Clock, Reason};
use usher_billing::{JobSettings, METHODS};
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;
use usher_rpc::convert::to_wire;

use crate::harness::Billing;
use crate::words::pool;
use crate::workspace::Workspace;

/// The methods that only read.
const READERS: [&str; 25] = [
    "ListPeriods",
    "GetInvoice",
    "ListAllocations",
    "PreviewInvoice",
    "GetForecast",
    "ExportReport",
    "GetCursors",
    "WatchLimits",
    "WatchWorkspaceLimits",
    "GetUsage",
    "ListIntervals",
    "ListEvents",
    "GetStatement",
    "GetSeatStatus",
    "GetLimits",
    "CheckCapacity",
    "GetAccount",
    "ListPriceVersions",
    "ListMinimumSpends",
    "ListCommitments",
    "ListCorrections",
    "ListAudit",
    "ListReconciliations",
    "ListVerifications",
    "ListSignedHeads",
];

fn hours_before(now: Timestamp, hours: i64) -> String {
    (now - SignedDuration::from_hours(hours)).to_string()
}

/// Returns the rows of each table as text.
async fn rows(billing: &Billing) -> BTreeMap<String, String> {
    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let sql = format!("SELECT coalesce(string_agg(t::text, ' ' ORDER BY t::text), '') FROM {table} t");
        let text: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut owner).await.unwrap();
        rows.insert(table, text);
    }
    rows
}

/// Creates a workspace with everything that a call can concern, and one person.
async fn furnished(billing: &Billing, now: Timestamp) -> (Workspace<'_>, PersonKey) {
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2020-01-01").await.unwrap();
    let ada = acme.person();
    let event = acme.event(&hours_before(now, 24 * 70), ada, Some("Regular"));
    acme.apply(vec![event]).await;
    acme.prove(&hours_before(now, 1)).await;
    let first = open(&acme).await;
    acme.close(&first).await.unwrap();
    (acme, ada)
}

/// Returns the first date of the open period.
async fn open(acme: &Workspace<'_>) -> String {
    let listed = acme.billing.periods().list_periods(acme.request(pb::ListPeriodsRequest {})).await.unwrap();
    listed.into_inner().periods.pop().unwrap().period.unwrap().start_date
}

/// Returns the reason for which a call was refused.
fn why<T>(answer: Result<Response<T>, Status>) -> Option<Reason> {
    answer.err().map(|status| Failure::from(status).reason)
}

/// Calls every method that writes.
#[expect(clippy::too_many_lines, reason = "it is one list")]
async fn write_everything(acme: &mut Workspace<'_>, ada: PersonKey) -> Vec<(&'static str, Option<Reason>)> {
    let billing = acme.billing;
    let now = billing.clock.now();
    let mut ledger = billing.ledger();
    let start_date = open(acme).await;
    let listed =
        billing.prices().list_price_versions(acme.request(pb::ListPriceVersionsRequest {})).await.unwrap();
    let price = listed.into_inner().price_versions.remove(0);
    let corrections =
        billing.corrections().list_corrections(acme.request(pb::ListCorrectionsRequest {})).await.unwrap();
    let waiting = corrections.into_inner().corrections.remove(0);
    let commitments =
        billing.commitments().list_commitments(acme.request(pb::ListCommitmentsRequest {})).await.unwrap();
    let sold = commitments.into_inner().commitments.remove(0);
    let other = pb::PriceVersion { valid_from: "2099-01-01".to_owned(), id: String::new(), ..price.clone() };
    let limit = pb::Limit { quantity: Some(9), ..crate::limits::limit("paid", "BLOCK") };
    let correction = pb::Correction {
        person_key: ada.to_string(),
        from_time: Some(to_wire(now - SignedDuration::from_hours(3))),
        until_time: Some(to_wire(now - SignedDuration::from_hours(2))),
        reason: "was away".to_owned(),
        ..Default::default()
    };
    let note = pb::IssueCreditNoteRequest {
        id: EventId::new(&billing.clock).to_string(),
        start_date: closed(acme).await,
        lines: vec![pb::CreditNoteLine { line_no: 1, amount_minor: 1, ..Default::default() }],
        reason: "goodwill".to_owned(),
    };
    let watermark = pb::Watermark {
        workspace_id: acme.id.to_string(),
        epoch: 1,
        as_of_time: Some(to_wire(now)),
        last_sequence: 1,
        ..Default::default()
    };
    let compared = pb::CompareStateRequest {
        workspace_id: acme.id.to_string(),
        epoch: 1,
        sequence: 1,
        classes: Vec::new(),
    };
    // On time by this program's clock, and ahead of the database's.
    let event = acme.event(&(now - SignedDuration::from_secs(60)).to_string(), ada, None);
    acme.sent.pop();
    let reconciled = tokio_stream::iter(crate::reconciliation::reconcile_requests(acme, 1, 1));
    let begun = tokio_stream::iter(crate::reconciliation::epoch_requests(acme, 2, 1));
    vec![
        (
            "AppendSeatEvents",
            billing.append(vec![acme.batch(vec![event])]).await.err().map(|failure| failure.reason),
        ),
        (
            "AdvanceWatermarks",
            why(ledger
                .advance_watermarks(
                    acme.produced(pb::AdvanceWatermarksRequest { watermarks: vec![watermark] }),
                )
                .await),
        ),
        ("CompareState", why(ledger.compare_state(acme.produced(compared)).await)),
        ("ReconcileState", why(ledger.reconcile_state(acme.produced(reconciled)).await)),
        ("BeginEpoch", why(ledger.begin_epoch(acme.produced(begun)).await)),
        ("UpsertAccount", acme.account("EUR", 2, "UTC").await.err().map(|failure| failure.reason)),
        (
            "CreatePriceVersion",
            why(billing
                .prices()
                .create_price_version(
                    acme.request(pb::CreatePriceVersionRequest { price_version: Some(other) }),
                )
                .await),
        ),
        (
            "WithdrawPriceVersion",
            why(billing
                .prices()
                .withdraw_price_version(acme.request(pb::WithdrawPriceVersionRequest { id: price.id }))
                .await),
        ),
        (
            "SetMinimumSpend",
            why(billing
                .minimums()
                .set_minimum_spend(acme.request(pb::SetMinimumSpendRequest {
                    valid_from: "2099-01-01".to_owned(),
                    amount_minor: 5,
                }))
                .await),
        ),
        (
            "WithdrawMinimumSpend",
            why(billing
                .minimums()
                .withdraw_minimum_spend(
                    acme.request(pb::WithdrawMinimumSpendRequest { valid_from: "2098-01-01".to_owned() }),
                )
                .await),
        ),
        (
            "SetLimit",
            why(billing.limits().set_limit(acme.request(pb::SetLimitRequest { limit: Some(limit) })).await),
        ),
        (
            "ClearLimit",
            why(billing
                .limits()
                .clear_limit(acme.request(pb::ClearLimitRequest { pool: pool("paid") }))
                .await),
        ),
        (
            "SetCommitment",
            crate::commitments::set(acme, 3, "11.00", "2097-01-01", "2098-01-01")
                .await
                .err()
                .map(|failure| failure.reason),
        ),
        (
            "WithdrawCommitment",
            why(billing
                .commitments()
                .withdraw_commitment(acme.request(pb::WithdrawCommitmentRequest { id: sold.id }))
                .await),
        ),
        (
            "RecordCorrection",
            why(billing
                .corrections()
                .record_correction(acme.request(pb::RecordCorrectionRequest { correction: Some(correction) }))
                .await),
        ),
        (
            "ApproveCorrection",
            why(billing
                .corrections()
                .approve_correction(acme.request_of("bea", pb::ApproveCorrectionRequest { id: waiting.id }))
                .await),
        ),
        (
            "LinkPersons",
            why(billing
                .corrections()
                .link_persons(acme.request(pb::LinkPersonsRequest {
                    person_key: ada.to_string(),
                    other_person_key: acme.person().to_string(),
                    reason: "one person".to_owned(),
                }))
                .await),
        ),
        (
            "RunReconciliation",
            why(billing
                .reconciliations()
                .run_reconciliation(acme.request(pb::RunReconciliationRequest {}))
                .await),
        ),
        (
            "VerifyLedger",
            why(billing
                .verifications()
                .verify_ledger(acme.request(pb::VerifyLedgerRequest::default()))
                .await),
        ),
        (
            "ClosePeriod",
            why(billing
                .periods()
                .close_period(acme.request(pb::ClosePeriodRequest { start_date, expected_sequence: 0 }))
                .await),
        ),
        ("IssueCreditNote", why(billing.credit_notes().issue_credit_note(acme.request(note)).await)),
    ]
}

/// Returns the first date of the first period, which is closed.
async fn closed(acme: &Workspace<'_>) -> String {
    let listed = acme.billing.periods().list_periods(acme.request(pb::ListPeriodsRequest {})).await.unwrap();
    listed.into_inner().periods.remove(0).period.unwrap().start_date
}

#[tokio::test]
async fn writes_are_refused_while_billings_clock_is_ahead_of_its_databases_and_accepted_afterwards() {
    let clock = Clock::manual(Clock::system().now());
    let billing = Billing::with_own_clock(clock.clone(), None).await;
    let (mut acme, ada) = furnished(&billing, clock.now()).await;
    crate::commitments::set(&acme, 1, "12.00", "2096-01-01", "2097-01-01").await.unwrap();
    let message = pb::SetMinimumSpendRequest { valid_from: "2098-01-01".to_owned(), amount_minor: 2_000 };
    billing.minimums().set_minimum_spend(acme.request(message)).await.unwrap();
    let correction = pb::Correction {
        person_key: ada.to_string(),
        from_time: Some(to_wire(clock.now() - SignedDuration::from_hours(5))),
        until_time: Some(to_wire(clock.now() - SignedDuration::from_hours(4))),
        reason: "was away".to_owned(),
        ..Default::default()
    };
    let message = pb::RecordCorrectionRequest { correction: Some(correction) };
    billing.corrections().record_correction(acme.request_of("ann", message)).await.unwrap();
    let before = rows(&billing).await;

    clock.advance(SignedDuration::from_mins(2));
    let refused = write_everything(&mut acme, ada).await;

    let others: Vec<_> = refused.iter().filter(|(_, why)| *why != Some(Reason::Unavailable)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(rows(&billing).await, before);
    let named: Vec<&str> = refused.iter().map(|(method, _)| *method).chain(READERS).collect();
    for method in METHODS {
        let name = method.path.rsplit('/').next().unwrap();
        assert!(named.contains(&name), "{name} has no call here");
    }
    // Methods that only read are answered.
    assert_eq!(
        acme.invoice(&closed(&acme).await).await.unwrap().period.unwrap().state(),
        pb::PeriodState::Closed
    );

    clock.advance(SignedDuration::from_mins(-2));
    acme.correct(ada, &hours_before(clock.now(), 3), &hours_before(clock.now(), 2), "").await.unwrap();
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_replica_whose_clock_is_ahead_runs_no_job_and_closes_nothing() {
    let jobs = JobSettings {
        close_after: Some(SignedDuration::ZERO),
        close_alarm_after: Some(SignedDuration::from_hours(1)),
        verify_every: Some(SignedDuration::from_hours(1)),
        poll: Duration::from_millis(10),
    };
    let clock = Clock::manual(Clock::system().now());
    let billing = Billing::with_own_clock(clock.clone(), None).await;
    let (acme, _) = furnished(&billing, clock.now()).await;
    let before = rows(&billing).await;

    clock.advance(SignedDuration::from_hours(24 * 400));
    let mut replica = billing.replica(jobs).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(rows(&billing).await, before);

    // Its credential also has the time of its own clock.
    replica.stop().await;
    clock.advance(SignedDuration::from_hours(-24 * 400));
    let mut replica = billing.replica(jobs).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while rows(&billing).await["verifications"] == before["verifications"] {
        assert!(tokio::time::Instant::now() < deadline, "nothing is done once the clock is right again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    replica.stop().await;
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}
