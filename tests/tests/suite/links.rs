//! Linked persons are billed once, and counted once wherever seats are counted.

use std::time::Duration;

use serde_json::json;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::correction_service_client::CorrectionServiceClient;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::seats::v1::Pool;
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

/// Identity gets links with its watermarks, which are 15 s apart.
const HEARD: Duration = Duration::from_secs(20);

/// The number of paid seats in use, as identity and billing count them.
async fn in_use(stack: &Stack, workspace: &Workspace) -> (i64, i64) {
    workspace.settle().await;
    let message = pb::CheckCapacityRequest { pool: Pool::Paid.into(), delta: 1 };
    let request = stack.operator().request_for(workspace.id(), message);
    let capacity = LimitServiceClient::new(stack.operator().billing()).check_capacity(request).await.unwrap();
    let seats = stack.operator().seats(workspace.id()).await.unwrap();
    (seats.regular + seats.external, capacity.into_inner().in_use)
}

async fn set_active(workspace: &Workspace, id: &str, active: bool) {
    let operation = json!([{ "op": "replace", "path": "active", "value": active }]);
    let answer = workspace.scim().patch(&format!("/Users/{id}"), operation).await;
    assert!(answer.status.is_success(), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linked_persons_take_one_seat_of_the_limit_as_they_are_billed_one() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(2).create().await;
    let (ada, lady) =
        (acme.scim().created("ada@acme.example").await, acme.scim().created("lady@acme.example").await);
    acme.scim().create_user("bob@acme.example").await.assert_scim_error(403, "seat limit");
    assert_eq!(in_use(&stack, &acme).await, (2, 2));
    let events = stack.operator().events(acme.id()).await.unwrap();
    let message = pb::LinkPersonsRequest {
        person_key: events[0].person_key.clone(),
        other_person_key: events[1].person_key.clone(),
        reason: "the same person twice".into(),
    };
    let request = stack.operator().request_for(acme.id(), message);
    CorrectionServiceClient::new(stack.operator().billing()).link_persons(request).await.unwrap();

    let one = async || in_use(&stack, &acme).await == (1, 1);
    eventually(HEARD, "both count one", one).await;

    // There is a free seat for one more person only, whichever of the two is added or removed.
    acme.scim().created("bob@acme.example").await;
    acme.scim().create_user("eve@acme.example").await.assert_scim_error(403, "seat limit");
    set_active(&acme, &ada, false).await;
    assert_eq!(in_use(&stack, &acme).await, (2, 2));
    set_active(&acme, &ada, true).await;
    assert_eq!(in_use(&stack, &acme).await, (2, 2));
    set_active(&acme, &ada, false).await;
    set_active(&acme, &lady, false).await;
    assert_eq!(in_use(&stack, &acme).await, (1, 1));
    acme.scim().created("eve@acme.example").await;
    let back = json!([{ "op": "replace", "path": "active", "value": true }]);
    let refused = acme.scim().patch(&format!("/Users/{lady}"), back).await;
    refused.assert_scim_error(403, "seat limit");
}
