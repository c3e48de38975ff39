//! Limits that billing has set, and limits of plans.

use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_proto::seats::v1::Cap;
use usher_rpc::Failure;
use usher_seats::LimitSource;

use crate::harness::Billing;
use crate::words::{self, name, pool_name};
use crate::workspace::Workspace;

/// A limit of a pool, without a maximum.
pub fn limit(pool: &str, policy: &str) -> pb::Limit {
    pb::Limit { pool: words::pool(pool), at_limit: words::at_limit(policy), ..Default::default() }
}

pub async fn set(acme: &Workspace<'_>, limit: pb::Limit) -> Result<pb::Limit, Failure> {
    let message = pb::SetLimitRequest { limit: Some(limit) };
    Ok(acme.billing.limits().set_limit(acme.request(message)).await?.into_inner().limit.unwrap())
}

async fn set_seats(
    acme: &Workspace<'_>,
    pool: &str,
    quantity: Option<i64>,
    policy: &str,
) -> Result<pb::Limit, Failure> {
    set(acme, pb::Limit { quantity, ..limit(pool, policy) }).await
}

async fn clear(acme: &Workspace<'_>, pool: &str) -> pb::Limit {
    let message = pb::ClearLimitRequest { pool: words::pool(pool) };
    acme.billing.limits().clear_limit(acme.request(message)).await.unwrap().into_inner().limit.unwrap()
}

/// Identity reports the plan of the workspace: the number of paid seats, and the collaborator cap of the
/// example plans.
async fn plan(acme: &Workspace<'_>, version: i64, paid: Option<i64>, policy: &str) {
    let given = |pool: &str, quantity, cap| pb::PlanLimit {
        pool: words::pool(pool),
        version,
        quantity,
        at_limit: words::at_limit(policy),
        cap,
    };
    let watermark = pb::Watermark {
        workspace_id: acme.id.to_string(),
        epoch: 1,
        as_of_time: Some(usher_rpc::convert::to_wire(acme.billing.clock.now())),
        last_sequence: 0,
        plan_limits: vec![given("paid", paid, None), given("collaborator", None, Some(CAP))],
        ..Default::default()
    };
    let message = pb::AdvanceWatermarksRequest { watermarks: vec![watermark] };
    acme.billing.ledger().advance_watermarks(acme.produced(message)).await.unwrap();
}

const CAP: Cap = Cap { at_least: 20, percent: 15 };

/// A limit in force: pool, quantity, source and version.
type Row = (&'static str, Option<i64>, &'static str, i64);

/// Returns the limits in force.
async fn held(acme: &Workspace<'_>) -> Vec<Row> {
    let brief = |limit: pb::Limit| {
        (pool_name(limit.pool), limit.quantity, name::<LimitSource>(limit.source), limit.version)
    };
    limits(acme).await.limits.into_iter().map(brief).collect()
}

fn row(pool: &'static str, quantity: i64, source: &'static str, version: i64) -> Row {
    (pool, Some(quantity), source, version)
}

async fn limits(acme: &Workspace<'_>) -> pb::GetLimitsResponse {
    acme.billing.limits().get_limits(acme.request(pb::GetLimitsRequest {})).await.unwrap().into_inner()
}

#[tokio::test]
async fn the_last_version_of_a_limit_is_in_force() {
    let billing = Billing::start().await;
    let acme = billing.workspace();

    assert_eq!(set_seats(&acme, "paid", Some(10), "BLOCK").await.unwrap().version, 1);
    assert_eq!(set_seats(&acme, "paid", None, "ALLOW").await.unwrap().version, 2);
    assert_eq!(set_seats(&acme, "collaborator", Some(20), "BLOCK").await.unwrap().version, 1);

    let held: Vec<(&str, Option<i64>, i64)> =
        limits(&acme).await.limits.into_iter().map(|l| (pool_name(l.pool), l.quantity, l.version)).collect();
    assert_eq!(held, [("paid", None, 2), ("collaborator", Some(20), 1)]);
    for (pool, quantity, policy) in
        [("free", Some(1), "BLOCK"), ("paid", Some(-1), "BLOCK"), ("paid", Some(1), "DENY")]
    {
        let refused = set_seats(&acme, pool, quantity, policy).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidArgument, "{pool} {policy}");
    }
}

#[tokio::test]
async fn an_alert_is_raised_once_per_threshold_and_version() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    set_seats(&acme, "paid", Some(10), "ALLOW").await.unwrap();
    for n in 0..12 {
        let person = acme.person();
        let event = acme.event(&format!("2026-06-01T00:00:{n:02}Z"), person, Some("Regular"));
        acme.apply(vec![event]).await;
    }
    let gone: usher_base::id::PersonKey = acme.sent[0].person_key.parse().unwrap();
    let events = vec![
        acme.event("2026-06-02T00:00:00Z", gone, None),
        acme.event("2026-06-03T00:00:00Z", gone, Some("External")),
    ];
    acme.apply(events).await;

    let raised: Vec<(i32, i64)> =
        limits(&acme).await.alerts.into_iter().map(|alert| (alert.threshold, alert.in_use)).collect();
    assert_eq!(raised, [(80, 8), (90, 9), (100, 10)]);
    let capacity = |delta| {
        let message = pb::CheckCapacityRequest { pool: words::pool("paid"), delta };
        let request = acme.request(message);
        async { billing.limits().check_capacity(request).await.unwrap().into_inner() }
    };
    assert!(capacity(1).await.would_fit, "ALLOW");
    set_seats(&acme, "paid", Some(12), "BLOCK").await.unwrap();
    assert_eq!(
        (capacity(1).await.would_fit, capacity(-1).await.would_fit, capacity(0).await.in_use),
        (false, true, 12)
    );
}

#[tokio::test]
async fn a_pool_has_the_limit_of_its_plan_until_billing_sets_one_and_after_it_is_cleared() {
    let billing = Billing::start().await;
    let acme = billing.workspace();
    plan(&acme, 1, Some(100), "BLOCK").await;
    plan(&acme, 1, Some(100), "BLOCK").await;
    assert_eq!(held(&acme).await, [row("paid", 100, "plan", 1), row("collaborator", 20, "plan", 1)]);

    set_seats(&acme, "paid", Some(200), "ALLOW").await.unwrap();
    plan(&acme, 2, Some(300), "BLOCK").await;
    assert_eq!(held(&acme).await, [row("paid", 200, "billing", 2), row("collaborator", 30, "plan", 2)]);

    let cleared = clear(&acme, "paid").await;
    assert_eq!(
        (cleared.quantity, cleared.at_limit, name::<LimitSource>(cleared.source)),
        (Some(300), words::at_limit("BLOCK"), "plan")
    );
    assert_eq!(clear(&acme, "paid").await, cleared, "there is nothing left to clear");
    assert_eq!(held(&acme).await, [row("paid", 300, "plan", 3), row("collaborator", 45, "plan", 3)]);

    plan(&acme, 1, Some(1), "BLOCK").await;
    assert_eq!(held(&acme).await[0], row("paid", 300, "plan", 3), "an earlier policy is outdated");
}

#[tokio::test]
async fn e31_a_cap_moves_with_the_paid_limit_and_with_the_commitment_that_begins_and_ends() {
    let billing = Billing::at("2026-06-15T00:00:00Z").await;
    let acme = billing.workspace();
    let mut moved = Vec::new();
    set(&acme, pb::Limit { cap: Some(CAP), ..limit("collaborator", "BLOCK") }).await.unwrap();
    for paid in [20, 133, 134, 200] {
        set_seats(&acme, "paid", Some(paid), "BLOCK").await.unwrap();
        moved.push(held(&acme).await[1].1.unwrap());
    }
    assert_eq!(moved, [20, 20, 21, 30]);

    crate::commitments::set(&acme, 400, "12.00", "2026-07-01", "2027-07-01").await.unwrap();
    assert_eq!(held(&acme).await[1].1, Some(30), "its term has not begun");
    billing.advance_to("2026-07-01T00:00:00Z");
    acme.watermark(1, "2026-07-01T00:00:00Z", 0).await;
    assert_eq!(held(&acme).await[1].1, Some(60));
    billing.advance_to("2027-07-01T00:00:00Z");
    acme.watermark(1, "2027-07-01T00:00:00Z", 0).await;
    assert_eq!(held(&acme).await[1].1, Some(30));

    for wrong in [
        pb::Limit { cap: Some(CAP), ..limit("paid", "BLOCK") },
        pb::Limit { cap: Some(CAP), quantity: Some(1), ..limit("collaborator", "BLOCK") },
        pb::Limit { cap: Some(Cap { at_least: 0, percent: 1_001 }), ..limit("collaborator", "BLOCK") },
    ] {
        assert_eq!(set(&acme, wrong).await.unwrap_err().reason, Reason::InvalidArgument);
    }
}

#[tokio::test]
async fn a_limit_that_is_set_below_the_usage_raises_an_alert_at_once() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    for n in 0..3 {
        let person = acme.person();
        let event = acme.event(&format!("2026-06-01T00:00:{n:02}Z"), person, Some("Regular"));
        acme.apply(vec![event]).await;
    }

    set_seats(&acme, "paid", Some(10), "ALLOW").await.unwrap();
    assert_eq!(limits(&acme).await.alerts, []);
    set_seats(&acme, "paid", Some(2), "BLOCK").await.unwrap();

    let raised: Vec<(i64, i32, i64)> = limits(&acme)
        .await
        .alerts
        .into_iter()
        .map(|alert| (alert.version, alert.threshold, alert.in_use))
        .collect();
    assert_eq!(raised, [(2, 80, 3), (2, 90, 3), (2, 100, 3)]);
}

/// Identity reports how many times a paid seat was refused until a time.
async fn refused(acme: &Workspace<'_>, as_of: &str, refused: i64) {
    let watermark = pb::Watermark {
        workspace_id: acme.id.to_string(),
        epoch: 1,
        as_of_time: Some(usher_rpc::convert::to_wire(as_of.parse().unwrap())),
        refusals: vec![pb::SeatRefusals { pool: words::pool("paid"), refused }],
        ..Default::default()
    };
    let message = pb::AdvanceWatermarksRequest { watermarks: vec![watermark] };
    acme.billing.ledger().advance_watermarks(acme.produced(message)).await.unwrap();
}

#[tokio::test]
async fn the_limits_report_counts_refusals_of_the_period_as_of_its_time() {
    let billing = Billing::at("2026-06-01T00:00:00Z").await;
    let acme = billing.workspace();
    set_seats(&acme, "paid", Some(1), "BLOCK").await.unwrap();
    for (as_of, count) in [
        ("2026-06-10T00:00:00Z", 3),
        ("2026-06-10T00:00:15Z", 3),
        ("2026-06-10T00:00:00Z", 2),
        ("2026-06-20T00:00:00Z", 7),
        ("2026-07-01T00:00:00Z", 8),
        ("2026-07-01T00:00:15Z", 10),
    ] {
        let told = as_of.replace('Z', ".5Z");
        if told.parse::<jiff::Timestamp>().unwrap() > billing.clock.now() {
            billing.advance_to(&told);
        }
        refused(&acme, as_of, count).await;
    }

    let blocked = async |start: &str, known: Option<&str>| {
        let (text, _) = acme.report("limits", "csv", start, known).await.unwrap();
        text.lines().nth(1).unwrap().rsplit(',').next().unwrap().to_owned()
    };
    assert_eq!(blocked("2026-06-01", None).await, "8");
    assert_eq!(blocked("2026-07-01", None).await, "2");
    assert_eq!(blocked("2026-06-01", Some("2026-06-15T00:00:00Z")).await, "3");
}

#[tokio::test]
async fn an_unreadable_plan_stops_no_other_workspaces_watermark() {
    let billing = Billing::start().await;
    let (acme, globex) = (billing.workspace(), billing.workspace());
    let watermark = |workspace: &Workspace<'_>, pool: &str| pb::Watermark {
        workspace_id: workspace.id.to_string(),
        epoch: 1,
        as_of_time: Some(usher_rpc::convert::to_wire(billing.clock.now())),
        plan_limits: vec![pb::PlanLimit {
            pool: words::pool(pool),
            version: 1,
            quantity: Some(5),
            at_limit: words::at_limit("BLOCK"),
            cap: None,
        }],
        ..Default::default()
    };
    let watermarks = vec![watermark(&acme, "free"), watermark(&globex, "paid")];
    let message = pb::AdvanceWatermarksRequest { watermarks };
    billing.ledger().advance_watermarks(acme.produced(message)).await.unwrap();

    assert_eq!(held(&acme).await, []);
    assert_eq!(held(&globex).await, [row("paid", 5, "plan", 1)]);
}
