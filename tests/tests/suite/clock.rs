//! The consequences of a clock that was ahead for a while.

use std::time::Duration;

use serde_json::json;
use usher_base::Clock;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::usage_service_client::UsageServiceClient;
use usher_proto::billing::v1::verification_service_client::VerificationServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::seat_service_client::SeatServiceClient;
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

const LONG: Duration = Duration::from_secs(30);

async fn deactivate(workspace: &Workspace, id: &str) {
    let operations = json!([{ "op": "replace", "path": "active", "value": false }]);
    workspace.scim().patch(&format!("/Users/{id}"), operations).await.assert_status(200);
}

/// The latest end of any seat, in seconds since 1970; `None` if a seat is open.
async fn last_end(stack: &Stack, workspace: &Workspace) -> Option<i64> {
    let operator = stack.operator();
    let request = operator.request_for(workspace.id(), billing::ListIntervalsRequest::default());
    let answer = UsageServiceClient::new(operator.billing()).list_intervals(request).await.unwrap();
    let intervals = answer.into_inner().intervals;
    let ends: Option<Vec<i64>> = intervals.iter().map(|interval| Some(interval.end_time?.seconds)).collect();
    ends?.into_iter().max()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_time_was_set_back_a_person_who_leaves_today_is_billed_until_today() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let (first, second) =
        (scim.created(&acme.address("first")).await, scim.created(&acme.address("second")).await);
    acme.settle().await;
    let mut owner = stack.owner(&stack.databases().identity).await;
    let leap = "UPDATE heads SET last_effective_at = now() + interval '400 days'";
    sqlx::query(leap).execute(&mut owner).await.unwrap();

    deactivate(&acme, &first).await;
    eventually(LONG, "billing refuses what is ahead of its clock", async || {
        let resting: i64 = sqlx::query_scalar("SELECT count(*) FROM relays WHERE rest_until IS NOT NULL")
            .fetch_one(&mut stack.owner(&stack.databases().identity).await)
            .await
            .unwrap();
        resting == 1
    })
    .await;
    let operator = stack.operator();
    let message = identity::BeginSeatEpochRequest { reason: "a clock was ahead".to_owned() };
    let begun = SeatServiceClient::new(operator.identity())
        .begin_seat_epoch(operator.request_for(acme.id(), message))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(begun.differences, 1, "who was deactivated in the meantime");
    deactivate(&acme, &second).await;
    acme.settle().await;

    let now = Clock::system().now().as_second();
    eventually(LONG, "both seats have ended", async || last_end(&stack, &acme).await.is_some()).await;
    assert!(last_end(&stack, &acme).await.unwrap() <= now + 1);
    let request = operator.request_for(acme.id(), billing::VerifyLedgerRequest::default());
    let verified = VerificationServiceClient::new(operator.billing()).verify_ledger(request).await.unwrap();
    assert_eq!(verified.into_inner().faults, Vec::<String>::new());
}
