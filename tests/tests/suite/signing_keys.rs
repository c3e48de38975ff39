//! The keys that sign credentials: encrypted, replaced in time, revoked.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;
use usher_base::key::SigningKey;
use usher_base::{Clock, Reason};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_rpc::Failure;
use usher_store::{Database, DatabaseConfig};
use usher_tenant::{Keyring, ServiceKeys};
use usher_testing::TestDatabase;
use usher_tests::operator::Operator;
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

async fn keys(operator: &Operator) -> Vec<pb::SigningKey> {
    let request = operator.request_for_installation(pb::ListKeysRequest {});
    CredentialServiceClient::new(operator.tenant()).list_keys(request).await.unwrap().into_inner().keys
}

async fn published(operator: &Operator) -> Vec<String> {
    let answer = CredentialServiceClient::new(operator.tenant()).get_key_set(pb::GetKeySetRequest {}).await;
    answer.unwrap().into_inner().keys.into_iter().map(|key| key.kid).collect()
}

async fn revoke(operator: &Operator, kid: &str) {
    let request = operator.request_for_installation(pb::RevokeKeyRequest { kid: kid.to_owned() });
    CredentialServiceClient::new(operator.tenant()).revoke_key(request).await.unwrap();
}

/// Whether each of the three services refuses a credential.
async fn is_refused_everywhere(operator: &Operator, workspace: &Workspace) -> bool {
    let tenant = operator.read_workspace("acme").await.err();
    let tenant = tenant.and_then(|error| error.downcast_ref::<Failure>().map(|failure| failure.reason));
    let identity = operator.seats(workspace.id()).await.err();
    let identity = identity.and_then(|error| error.downcast_ref::<Failure>().map(|failure| failure.reason));
    let billing = operator.open_intervals(workspace.id()).await.err();
    let billing = billing.and_then(|error| error.downcast_ref::<Failure>().map(|failure| failure.reason));
    [tenant, identity, billing].iter().all(|reason| *reason == Some(Reason::CredentialInvalid))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_trusted_nowhere_after_thirty_seconds_and_no_request_fails() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().created(&acme.address("ada")).await;
    let signs = keys(stack.operator()).await.into_iter().find(|key| key.signs).unwrap().kid;

    revoke(stack.operator(), &signs).await;

    let began = Instant::now();
    let mut round = 0;
    while !is_refused_everywhere(stack.operator(), &acme).await {
        assert!(began.elapsed() < Duration::from_secs(30), "the revoked key is still trusted somewhere");
        // The workspace continues: its token, and seat events to billing.
        acme.scim().create_user(&acme.address(&format!("u{round}"))).await.assert_status(201);
        round += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    acme.scim().create_user(&acme.address("last")).await.assert_status(201);
    assert!(!published(stack.operator()).await.contains(&signs));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_deleted_from_the_database_is_trusted_nowhere_after_thirty_seconds() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let mut owner = stack.owner(&stack.databases().tenant).await;

    sqlx::query("DELETE FROM signing_keys").execute(&mut owner).await.unwrap();

    let refused = async || is_refused_everywhere(stack.operator(), &acme).await;
    eventually(Duration::from_secs(30), "the key is trusted nowhere", refused).await;
    let serves = async || acme.scim().get("/Users").await.status == 200;
    eventually(Duration::from_secs(20), "a new key signs", serves).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_too_old_is_replaced_without_anyone_asking() {
    let stack = Stack::start().await;
    let before = keys(stack.operator()).await;
    let mut owner = stack.owner(&stack.databases().tenant).await;

    sqlx::query("UPDATE signing_keys SET created_at = created_at - interval '31 days'")
        .execute(&mut owner)
        .await
        .unwrap();

    let replaced = async || {
        let now = keys(stack.operator()).await;
        now.len() == 2 && now[0].signs && now[0].kid != before[0].kid
    };
    eventually(Duration::from_secs(15), "a new key signs", replaced).await;
    // Credentials of the old key stay valid: the operator's is one.
    assert!(published(stack.operator()).await.contains(&before[0].kid));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_keys_are_encrypted_in_the_database_and_a_forged_row_is_not_trusted() {
    let stack = Stack::start().await;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let open: i64 =
        sqlx::query_scalar("SELECT count(*) FROM signing_keys WHERE pkcs8 IS NOT NULL OR sealed IS NULL")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(open, 0);

    // Somebody who can write to the database, and has one of its encrypted keys, can't make another one.
    sqlx::query(
        "INSERT INTO signing_keys (kid, sealed, sealed_by, created_at, needed_until)
         SELECT 'forged', sealed, sealed_by, now(), now() + interval '1 day' FROM signing_keys LIMIT 1",
    )
    .execute(&mut owner)
    .await
    .unwrap();

    let gone = async || !published(stack.operator()).await.contains(&"forged".to_owned());
    eventually(Duration::from_secs(5), "the forged key is not published", gone).await;
    assert_eq!(published(stack.operator()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_key_is_encrypted_at_the_first_start_and_signs_no_longer() {
    let database = TestDatabase::create("tenant", &usher_tenant::MIGRATOR).await;
    let mut owner = <sqlx::PgConnection as sqlx::Connection>::connect(&database.owner_url()).await.unwrap();
    let old = SigningKey::generate().unwrap();
    sqlx::query(
        "INSERT INTO signing_keys (kid, pkcs8, created_at, needed_until) VALUES ($1, $2, now(), now())",
    )
    .bind(&old.public().kid)
    .bind(old.to_pkcs8_der())
    .execute(&mut owner)
    .await
    .unwrap();
    let pool = Database::open(&DatabaseConfig {
        url: database.url(),
        max_connections: 1,
        statement_timeout: Duration::from_secs(10),
        application: "usher-tests",
    })
    .unwrap();

    let service_keys = ServiceKeys::new(pool, Keyring::generate(), Clock::system());
    service_keys.operator_credential("ops", SignedDuration::from_mins(10)).await.unwrap();

    let rows: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT kid, pkcs8 IS NULL AND sealed IS NOT NULL, retired FROM signing_keys ORDER BY created_at",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0], (old.public().kid.clone(), true, true));
    assert!(rows[1].1 && !rows[1].2, "{rows:?}");
}
