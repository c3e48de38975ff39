//! Limits as billing owns them.

use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::harness::{Billing, Workspace};

async fn set(
    acme: &Workspace<'_>,
    pool: &str,
    quantity: Option<i64>,
    policy: &str,
) -> Result<pb::Limit, Failure> {
    let limit =
        pb::Limit { pool: pool.to_owned(), quantity, policy: policy.to_owned(), ..Default::default() };
    let message = pb::SetLimitRequest { limit: Some(limit) };
    let answer = acme.billing.admin().set_limit(acme.request(message)).await?;
    Ok(answer.into_inner().limit.unwrap())
}

async fn limits(acme: &Workspace<'_>) -> pb::GetLimitsResponse {
    acme.billing.query().get_limits(acme.request(pb::GetLimitsRequest {})).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_limit_has_versions_of_which_the_last_one_holds() {
    let billing = Billing::start().await;
    let acme = billing.workspace();

    assert_eq!(set(&acme, "paid", Some(10), "BLOCK").await.unwrap().version, 1);
    assert_eq!(set(&acme, "paid", None, "ALLOW").await.unwrap().version, 2);
    assert_eq!(set(&acme, "collaborator", Some(20), "BLOCK").await.unwrap().version, 1);

    let held: Vec<(String, Option<i64>, i64)> =
        limits(&acme).await.limits.into_iter().map(|l| (l.pool, l.quantity, l.version)).collect();
    assert_eq!(held, [("paid".to_owned(), None, 2), ("collaborator".to_owned(), Some(20), 1)]);
    for (pool, quantity, policy) in
        [("free", Some(1), "BLOCK"), ("paid", Some(-1), "BLOCK"), ("paid", Some(1), "DENY")]
    {
        let refused = set(&acme, pool, quantity, policy).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidArgument, "{pool} {policy}");
    }
}

#[tokio::test]
async fn an_alert_is_raised_once_a_threshold_and_version() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    set(&acme, "paid", Some(10), "ALLOW").await.unwrap();
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
        let message = pb::CheckCapacityRequest { pool: "paid".to_owned(), delta };
        let request = acme.request(message);
        async { billing.query().check_capacity(request).await.unwrap().into_inner() }
    };
    assert!(capacity(1).await.would_fit, "ALLOW");
    set(&acme, "paid", Some(12), "BLOCK").await.unwrap();
    assert_eq!(
        (capacity(1).await.would_fit, capacity(-1).await.would_fit, capacity(0).await.in_use),
        (false, true, 12)
    );
}
