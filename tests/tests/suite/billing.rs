//! Billing and identity together: limits, comparisons of seats, new epochs.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::billing::v1::reconciliation_service_client::ReconciliationServiceClient;
use usher_proto::billing::v1::verification_service_client::VerificationServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::seat_service_client::SeatServiceClient;
use usher_tests::operator::Seats;
use usher_tests::scim::{SEAT, user_of_type};
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;
use usher_tests::words::{self, class_name};

/// Sets a limit in billing, and waits until identity has it.
async fn limit(stack: &Stack, workspace: &Workspace, pool: &str, quantity: i64, policy: &str) {
    let operator = stack.operator();
    let limit = billing::Limit {
        pool: words::pool(pool),
        quantity: Some(quantity),
        at_limit: words::at_limit(policy),
        ..Default::default()
    };
    let message = billing::SetLimitRequest { limit: Some(limit) };
    let mut client = LimitServiceClient::new(operator.billing());
    let set = client.set_limit(operator.request_for(workspace.id(), message)).await.unwrap().into_inner();
    let version = set.limit.unwrap().version;
    eventually(Duration::from_secs(20), "identity has the limit", async || {
        let mut owner = stack.owner(&stack.databases().identity).await;
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT version FROM seat_limits WHERE tenant_id = $1 AND pool = $2 AND source = 'billing'",
        )
        .bind(workspace.id().as_uuid())
        .bind(pool)
        .fetch_optional(&mut owner)
        .await
        .unwrap();
        found == Some(version)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_and_b10_a_limit_of_billing_is_exact_and_never_takes_a_seat_away() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    limit(&stack, &acme, "paid", 10, "BLOCK").await;
    let scim = acme.scim();
    let mut ids = Vec::new();
    for n in 0..9 {
        ids.push(scim.created(&acme.address(&format!("p{n}"))).await);
    }

    let addresses = [acme.address("late1"), acme.address("late2")];
    let answers = join_all(addresses.iter().map(|address| scim.create_user(address))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403]);
    let refused = answers.iter().find(|answer| answer.status.as_u16() == 403).unwrap();
    refused.assert_scim_error(403, "10 of 10 paid seats");

    limit(&stack, &acme, "paid", 8, "BLOCK").await;
    assert_eq!(acme.seats().await, Seats { regular: 10, external: 0, collaborator: 0 });
    scim.create_user(&acme.address("more")).await.assert_scim_error(403, "seat limit");
    for id in &ids[..3] {
        scim.patch(&format!("/Users/{id}"), json!([{ "op": "replace", "path": "active", "value": false }]))
            .await
            .assert_status(200);
    }
    scim.create_user(&acme.address("more")).await.assert_status(201);
    scim.create_user(&acme.address("even-more")).await.assert_scim_error(403, "8 of 8");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_a_degrading_limit_people_get_a_free_seat_until_these_are_used_up_as_well() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    limit(&stack, &acme, "paid", 1, "DEGRADE").await;
    let scim = acme.scim();
    scim.create_user(&acme.address("first")).await.assert_status(201).assert_at(SEAT, "Regular");

    let second = scim.create_user(&acme.address("second")).await;

    second.assert_status(201).assert_at(SEAT, "Collaborator");
    let path = format!("/Users/{}", second.id());
    let upgrade = json!([{ "op": "replace", "path": "userType", "value": "Regular" }]);
    scim.patch(&path, upgrade).await;
    scim.get(&path).await.assert_at(SEAT, "Collaborator");
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 0, collaborator: 1 });
    limit(&stack, &acme, "collaborator", 1, "BLOCK").await;
    scim.create_user(&acme.address("third")).await.assert_scim_error(403, "1 of 1 Collaborator seats");
    acme.settle().await;
    let operator = stack.operator();
    let mut client = LimitServiceClient::new(operator.billing());
    let message = billing::CheckCapacityRequest { pool: words::pool("paid"), delta: 1 };
    let capacity =
        client.check_capacity(operator.request_for(acme.id(), message)).await.unwrap().into_inner();
    assert!(!capacity.would_fit && capacity.in_use == 1);
}

/// Loses the last user and its sequence number, like a failover to a lagging standby.
async fn lose_the_last_user(stack: &Stack, workspace: &Workspace, id: &str) {
    let mut owner = stack.owner(&stack.databases().identity).await;
    let tenant = workspace.id().as_uuid();
    for statement in [
        "DELETE FROM users WHERE tenant_id = $1 AND user_id::text = $2",
        "DELETE FROM seat_events WHERE tenant_id = $1 AND user_id::text = $2",
        "UPDATE heads SET seat_sequence = seat_sequence - 1, regular = regular - 1 WHERE tenant_id = $1 AND $2 <> ''",
        "UPDATE relays SET acknowledged_sequence = acknowledged_sequence - 1 WHERE tenant_id = $1 AND $2 <> ''",
    ] {
        sqlx::query(statement).bind(tenant).bind(id).execute(&mut owner).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_after_a_failover_a_new_epoch_books_what_was_lost_and_states_are_equal_again() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    scim.created(&acme.address("ada")).await;
    let lost = scim.created(&acme.address("bob")).await;
    acme.settle().await;
    lose_the_last_user(&stack, &acme, &lost).await;
    scim.post("/Users", &user_of_type(&acme.address("eve"), "External")).await.assert_status(201);
    let operator = stack.operator();
    eventually(Duration::from_secs(20), "billing halts the ledger", async || {
        let mut owner = stack.owner(&stack.databases().billing).await;
        sqlx::query_scalar("SELECT halted FROM ledgers WHERE tenant_id = $1")
            .bind(acme.id().as_uuid())
            .fetch_one(&mut owner)
            .await
            .unwrap()
    })
    .await;

    let mut seats = SeatServiceClient::new(operator.identity());
    let message = identity::BeginSeatEpochRequest { reason: "failed over".to_owned() };
    let begun = seats.begin_seat_epoch(operator.request_for(acme.id(), message)).await.unwrap().into_inner();

    // Bob's seat ends, Eve's begins.
    assert_eq!((begun.epoch, begun.differences), (2, 2));
    scim.created(&acme.address("joe")).await;
    acme.settle().await;
    let open = operator.open_intervals(acme.id()).await.unwrap();
    let mut classes: Vec<&str> = open.iter().map(|interval| class_name(interval.class)).collect();
    classes.sort_unstable();
    assert_eq!(classes, ["external", "regular", "regular"]);
    let causes: Vec<String> =
        operator.events(acme.id()).await.unwrap().into_iter().map(|event| event.cause).collect();
    assert_eq!(causes, ["scim.create", "scim.create", "epoch.resync", "epoch.resync", "scim.create"]);

    let mut reconciliations = ReconciliationServiceClient::new(operator.billing());
    let asked = operator.request_for(acme.id(), billing::RunReconciliationRequest {});
    reconciliations.run_reconciliation(asked).await.unwrap();
    eventually(Duration::from_mins(1), "the states were compared and equal", async || {
        let request = operator.request_for(acme.id(), billing::ListReconciliationsRequest {});
        let rows = reconciliations.clone().list_reconciliations(request).await.unwrap().into_inner().rows;
        rows.len() >= 3 && rows.iter().take(3).all(|row| row.equal && row.epoch == 2)
    })
    .await;
    let request = operator.request_for(acme.id(), billing::VerifyLedgerRequest::default());
    let verified = VerificationServiceClient::new(operator.billing()).verify_ledger(request).await;
    assert_eq!(verified.unwrap().into_inner().faults, Vec::<String>::new());
}
