//! The jobs of billing: ended periods are closed, and those that can't be closed raise an alarm.

use std::time::Duration;

use jiff::SignedDuration;
use sqlx::{Connection as _, PgConnection};
use tokio::time::{Instant, sleep};
use usher_billing::JobSettings;
use usher_proto::billing::v1 as pb;

use crate::closing::one_seat;
use crate::harness::Billing;
use crate::workspace::Workspace;

const SETTINGS: JobSettings = JobSettings {
    close_after: Some(SignedDuration::from_hours(24)),
    close_alarm_after: Some(SignedDuration::from_hours(72)),
    verify_every: None,
    poll: Duration::from_millis(20),
};

/// Waits until a condition holds; the jobs run every few milliseconds.
async fn eventually(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !so().await {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn states(workspace: &Workspace<'_>) -> Vec<(String, pb::PeriodState)> {
    let request = workspace.request(pb::ListPeriodsRequest {});
    let listed = workspace.billing.periods().list_periods(request).await.unwrap().into_inner().periods;
    let periods = listed.into_iter().map(|listed| listed.period.unwrap());
    periods.map(|period| (period.start_date.clone(), period.state())).collect()
}

async fn closed(workspace: &Workspace<'_>) -> usize {
    states(workspace).await.iter().filter(|(_, state)| *state == pb::PeriodState::Closed).count()
}

/// Returns when the next job of the workspace is due, and since when the workspace has an alarm.
async fn turn(workspace: &Workspace<'_>) -> (String, Option<String>) {
    let mut owner = PgConnection::connect(&workspace.billing.database.owner_url()).await.unwrap();
    sqlx::query_as(
        "SELECT to_char(run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
           to_char(trouble_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM jobs WHERE tenant_id = $1 AND job = 'close'",
    )
    .bind(workspace.id.as_uuid())
    .fetch_one(&mut owner)
    .await
    .unwrap()
}

#[tokio::test]
async fn ended_periods_close_automatically_oldest_first_once_they_are_proven() {
    let billing = Billing::working_at("2026-05-20T00:00:00Z", SETTINGS).await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-08-01T22:00:00Z").await;

    billing.advance_to("2026-08-01T23:00:00Z");
    eventually("June is closed", async || closed(&acme).await == 1).await;
    assert_eq!(
        states(&acme).await[1],
        ("2026-07-01".to_owned(), pb::PeriodState::Open),
        "July ended an hour ago"
    );
    eventually("the next turn is known", async || turn(&acme).await.0 == "2026-08-02 00:00").await;

    billing.advance_to("2026-08-02T00:00:01Z");
    eventually("July is closed a day after its end", async || closed(&acme).await == 2).await;
    let request = acme.request(pb::ListAuditRequest::default());
    let audit = billing.audit().list_audit(request).await.unwrap().into_inner().entries;
    let closes: Vec<_> = audit.into_iter().filter(|entry| entry.action == "period.close").collect();
    assert!(closes.iter().all(|entry| entry.actor == "service:billing"));
    assert!(closes[0].detail_json.contains("2026-06-01") && closes[1].detail_json.contains("2026-07-01"));
}

#[tokio::test]
async fn a_period_without_proof_raises_an_alarm_that_ends_with_its_close() {
    let billing = Billing::working_at("2026-07-02T12:00:00Z", SETTINGS).await;
    let (acme, _) = one_seat(&billing).await;
    acme.watermark(1, "2026-07-02T00:00:00Z", 1).await;

    // Only the reconciliation is missing: it is requested.
    eventually("a comparison is wanted", async || {
        !acme.watermark(1, "2026-07-02T00:00:00Z", 1).await.compare_workspace_ids.is_empty()
    })
    .await;
    eventually("the turn is over", async || turn(&acme).await == ("2026-07-02 13:00".to_owned(), None)).await;

    billing.advance_to("2026-07-04T00:00:00Z");
    eventually("it is trouble", async || turn(&acme).await.1 == Some("2026-07-04 00:00".to_owned())).await;
    assert_eq!(closed(&acme).await, 0);

    acme.prove("2026-07-04T00:00:00Z").await;
    billing.advance_to("2026-07-04T01:00:00Z");
    eventually("June is closed", async || closed(&acme).await == 1).await;
    eventually("the trouble is over", async || turn(&acme).await.1.is_none()).await;
}

#[tokio::test]
async fn a_missing_proof_that_arrives_brings_the_next_attempt_forward() {
    let billing = Billing::working_at("2026-07-02T12:00:00Z", SETTINGS).await;
    let (acme, _) = one_seat(&billing).await;
    acme.watermark(1, "2026-07-02T00:00:00Z", 1).await;
    eventually("the next attempt is in an hour", async || turn(&acme).await.0 == "2026-07-02 13:00").await;

    acme.prove("2026-07-02T00:00:00Z").await;

    eventually("June is closed", async || closed(&acme).await == 1).await;
}

#[tokio::test]
async fn an_account_without_prices_is_neither_closed_nor_an_alarm() {
    let billing = Billing::working_at("2026-09-01T00:00:00Z", SETTINGS).await;
    let mut acme = billing.workspace();
    let ada = acme.person();
    let event = acme.event("2026-06-01T00:00:00Z", ada, Some("Regular"));
    acme.apply(vec![event]).await;
    acme.prove("2026-08-31T00:00:00Z").await;

    eventually("it was looked at", async || turn(&acme).await == ("2026-09-01 01:00".to_owned(), None)).await;
    assert_eq!(closed(&acme).await, 0);

    // Somebody adds a price of one class and forgets another: that raises an alarm.
    acme.price("collaborator", "0", "2026-01-01").await.unwrap();
    billing.advance_to("2026-09-01T01:00:00Z");
    eventually("it is trouble", async || turn(&acme).await.1.is_some()).await;
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    billing.advance_to("2026-09-01T02:00:00Z");
    eventually("June, July and August are closed", async || closed(&acme).await == 2).await;
}

#[tokio::test]
async fn with_manual_closes_nothing_closes_automatically_and_the_alarm_says_that_nothing_is_missing() {
    let manual = JobSettings { close_after: None, ..SETTINGS };
    let billing = Billing::working_at("2026-07-03T23:00:00Z", manual).await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-07-03T22:00:00Z").await;

    eventually("the turn is over", async || turn(&acme).await == ("2026-07-04 00:00".to_owned(), None)).await;
    billing.advance_to("2026-07-04T00:00:00Z");
    eventually("it is trouble", async || turn(&acme).await.1.is_some()).await;

    assert_eq!(closed(&acme).await, 0);
    acme.close("2026-06-01").await.unwrap();
}

#[tokio::test]
async fn replicas_share_the_work_and_close_each_period_once() {
    let billing = Billing::working_at("2026-05-20T00:00:00Z", SETTINGS).await;
    let _other = billing.replica(SETTINGS).await;
    let mut workspaces = Vec::new();
    for _ in 0..6 {
        let (acme, _) = one_seat(&billing).await;
        workspaces.push(acme);
    }
    for acme in &workspaces {
        acme.prove("2026-09-30T00:00:00Z").await;
    }

    // The first watermark moved the clock, so that jobs of workspaces without a watermark had to wait an
    // hour.
    billing.advance_to("2026-09-30T03:00:00Z");
    for acme in &workspaces {
        eventually("June, July and August are closed", async || closed(acme).await == 3).await;
        let request = acme.request(pb::ListAuditRequest::default());
        let audit = billing.audit().list_audit(request).await.unwrap().into_inner().entries;
        assert_eq!(audit.iter().filter(|entry| entry.action == "period.close").count(), 3);
    }
}

#[tokio::test]
async fn a_workspace_with_constant_activity_can_be_closed() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    acme.prove("2026-07-01T00:00:00Z").await;

    // An event of July, which is neither reconciled nor complete.
    let left = acme.event("2026-07-01T08:00:00Z", ada, None);
    acme.apply(vec![left]).await;
    acme.watermark(1, "2026-07-01T09:00:00Z", 5).await;

    assert_eq!(acme.close("2026-06-01").await.unwrap().total_minor, 1200);
    let open = acme.invoice("2026-07-01").await.unwrap();
    assert!(open.incomplete_reasons.iter().any(|reason| reason.contains("event 3 is missing")));
}

#[tokio::test]
async fn ledgers_are_verified_regularly_and_a_fault_is_reported_until_it_is_gone() {
    let settings = JobSettings {
        close_after: None,
        close_alarm_after: None,
        verify_every: Some(SignedDuration::from_hours(168)),
        ..SETTINGS
    };
    let billing = Billing::working_at("2026-07-02T00:00:00Z", settings).await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    let found = async || {
        let request = acme.request(pb::ListVerificationsRequest {});
        billing.verifications().list_verifications(request).await.unwrap().into_inner().verifications
    };
    let troubled = async || {
        let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
        let since: Option<i64> =
            sqlx::query_scalar("SELECT jobs_in_trouble('verify')").fetch_one(&mut owner).await.unwrap();
        since == Some(1)
    };
    eventually("it was verified", async || found().await.len() == 1).await;

    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    sqlx::query("UPDATE events SET actor = 'x'").execute(&mut owner).await.unwrap();
    billing.advance_to("2026-07-09T00:00:00Z");
    eventually("it was verified again", async || found().await.len() == 2).await;
    let verifications = found().await;
    assert!(verifications.iter().all(|found| found.actor == "service:billing" && found.facts == 1));
    assert_eq!(verifications[0].faults, ["fact 1 does not have its hash"]);
    assert_eq!(verifications[1].faults, Vec::<String>::new());
    eventually("it is trouble", troubled).await;

    sqlx::query("UPDATE events SET actor = 'scim:test'").execute(&mut owner).await.unwrap();
    billing.advance_to("2026-07-16T00:00:00Z");
    eventually("the trouble is over", async || !troubled().await).await;
}
