//! How limits get from billing to identity.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::seats::v1::{AtLimit, Pool};
use usher_store::{Durability, OWNER_ROLE};
use usher_tests::operator::Operator;
use usher_tests::stack::{Processes, Stack, Workspace};
use usher_tests::wait::eventually;

/// A limit takes effect about a second after billing has set it; the rest is for slow machines.
const SOON: Duration = Duration::from_secs(5);
/// The time for a start of billing, and for identity's pause before the next attempt.
const RESTART: Duration = Duration::from_secs(15);

async fn set(operator: &Operator, workspace: &Workspace, seats: i64) {
    let limit = billing::Limit {
        pool: Pool::Paid.into(),
        quantity: Some(seats),
        at_limit: AtLimit::Block.into(),
        ..Default::default()
    };
    let message = billing::SetLimitRequest { limit: Some(limit) };
    let mut client = LimitServiceClient::new(operator.billing());
    client.set_limit(operator.request_for(workspace.id(), message)).await.unwrap();
}

/// Waits until this limit blocks new users. Users created before that are deactivated.
async fn eventually_full(within: Duration, workspace: &Workspace, seats: i64) {
    let full = format!("of {seats} paid seats");
    eventually(within, &full, async || {
        let answer = workspace.scim().create_user(&workspace.address("late")).await;
        if answer.status == 201 {
            workspace.scim().delete(&answer.path()).await.assert_status(204);
        }
        answer.status == 403 && answer.text.contains(&full)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn billings_limit_holds_soon_also_while_billing_is_away_and_what_was_set_meanwhile_after_that() {
    let mut processes = Processes::start(Durability::Relaxed).await;
    let acme = processes.workspace("acme").create().await;
    let operator = processes.operator().clone();
    acme.scim().created(&acme.address("ada")).await;
    set(&operator, &acme, 1).await;
    eventually_full(SOON, &acme, 1).await;

    processes.kill("billing").await;
    eventually_full(SOON, &acme, 1).await;
    let mut owner = PgConnection::connect(&processes.database_url("billing", OWNER_ROLE)).await.unwrap();
    sqlx::query(
        "INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy, set_at, set_by)
         VALUES ($1, 'paid', 2, 0, 'BLOCK', now() - interval '1 hour', 'another replica')",
    )
    .bind(acme.id().as_uuid())
    .execute(&mut owner)
    .await
    .unwrap();
    processes.restart("billing").await;

    eventually_full(RESTART, &acme, 0).await;
    set(&operator, &acme, 1).await;
    eventually_full(SOON, &acme, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_identity_cant_store_does_not_affect_other_workspaces() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().created(&acme.address("ada")).await;
    let mut identity = stack.owner(&stack.databases().identity).await;
    let broken = format!("ALTER TABLE seat_limits ADD CHECK (tenant_id = '{}')", acme.id());
    sqlx::raw_sql(sqlx::AssertSqlSafe(broken)).execute(&mut identity).await.unwrap();
    let mut billing = stack.owner(&stack.databases().billing).await;
    sqlx::query(
        "INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy, set_at, set_by)
         SELECT gen_random_uuid(), 'paid', 1, 1, 'BLOCK', now(), 'test' FROM generate_series(1, 20)",
    )
    .execute(&mut billing)
    .await
    .unwrap();

    for seats in [1, 0] {
        set(stack.operator(), &acme, seats).await;
        eventually_full(SOON, &acme, seats).await;
    }
}
