//! Storage against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::migrate::Migrator;
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::SigningKey;
use usher_base::{Audience, Claims, Clock, KeySet, TenantScope};
use usher_store::testing::{TestDatabase, temporary_directory};
use usher_store::{BootError, Cluster, Database, DatabaseConfig, Durability, Error, check};

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

/// Scopes come from verified credentials only, here as everywhere.
fn scope(workspace: WorkspaceId) -> TenantScope {
    let clock = Clock::system();
    let key = SigningKey::generate().unwrap();
    let claims = Claims {
        iss: ISSUER.into(),
        sub: "service:test".into(),
        aud: vec![Audience::Identity],
        tid: Some(workspace),
        scp: BTreeSet::new(),
        pol: None,
        iat: 0,
        exp: clock.now().as_second() + 60,
        jti: "1".into(),
    };
    let token = key.sign(&claims).unwrap();
    let keys = KeySet::new([key.public()]).unwrap();
    keys.verify(&token, Audience::Identity, clock.now()).unwrap().scope(None).unwrap()
}

fn open(url: String) -> Database {
    Database::open(&DatabaseConfig {
        url,
        max_connections: 4,
        statement_timeout: Duration::from_secs(2),
        application: "test",
    })
    .unwrap()
}

async fn insert(database: &Database, scope: &TenantScope, text: &str) -> Result<(), sqlx::Error> {
    let mut tx = database.scoped(scope).begin().await.unwrap();
    let tenant = tx.tenant();
    sqlx::query("INSERT INTO notes (tenant_id, note) VALUES ($1, $2)")
        .bind(tenant)
        .bind(text)
        .execute(tx.conn())
        .await?;
    tx.commit().await.unwrap();
    Ok(())
}

#[tokio::test]
async fn a_workspace_sees_and_writes_only_its_own_rows() {
    let database = open(TestDatabase::create("store", &MIGRATOR).await.url());
    let clock = Clock::system();
    let (mine, other) = (scope(WorkspaceId::new(&clock)), scope(WorkspaceId::new(&clock)));
    insert(&database, &mine, "mine").await.unwrap();
    insert(&database, &other, "other").await.unwrap();

    let mut tx = database.scoped(&mine).begin().await.unwrap();
    let seen: Vec<String> = sqlx::query_scalar("SELECT note FROM notes").fetch_all(tx.conn()).await.unwrap();
    let smuggled = sqlx::query("INSERT INTO notes (tenant_id, note) VALUES ($1, 'x')")
        .bind(other.workspace_id().as_uuid())
        .execute(tx.conn())
        .await;
    drop(tx);
    let (one,): (String,) =
        database.scoped(&mine).statement("SELECT * FROM first_note($1)").fetch_one().await.unwrap();
    let mut global = database.global().await.unwrap();
    let unscoped: Vec<String> =
        sqlx::query_scalar("SELECT note FROM notes").fetch_all(global.conn()).await.unwrap();

    assert_eq!(seen, ["mine"]);
    assert!(smuggled.unwrap_err().to_string().contains("row-level security"));
    assert_eq!(one, "mine");
    assert!(unscoped.is_empty(), "without a tenant nothing is visible: {unscoped:?}");
}

#[tokio::test]
async fn a_tenant_does_not_outlive_its_transaction_on_the_connection() {
    let database = Database::open(&DatabaseConfig {
        url: TestDatabase::create("store", &MIGRATOR).await.url(),
        max_connections: 1,
        statement_timeout: Duration::from_secs(2),
        application: "test",
    })
    .unwrap();
    let mine = scope(WorkspaceId::new(&Clock::system()));
    insert(&database, &mine, "mine").await.unwrap();
    let _: (String,) =
        database.scoped(&mine).statement("SELECT * FROM first_note($1)").fetch_one().await.unwrap();

    let mut global = database.global().await.unwrap();
    let after: Vec<String> =
        sqlx::query_scalar("SELECT note FROM notes").fetch_all(global.conn()).await.unwrap();

    assert!(after.is_empty());
}

#[tokio::test]
async fn the_boot_check_refuses_a_strong_role_and_an_unfenced_table() {
    let fresh = TestDatabase::create("store", &MIGRATOR).await;
    check(&open(fresh.url())).await.unwrap();
    assert!(matches!(check(&open(fresh.owner_url())).await, Err(BootError::StrongRole(..))));

    let mut owner =
        sqlx::postgres::PgPool::connect(&fresh.owner_url()).await.unwrap().acquire().await.unwrap();
    sqlx::raw_sql("CREATE TABLE leaky (tenant_id uuid PRIMARY KEY)").execute(&mut *owner).await.unwrap();

    let refused = check(&open(fresh.url())).await.unwrap_err();
    assert!(matches!(&refused, BootError::Unprotected(tables) if tables == "leaky"), "{refused}");
}

#[tokio::test]
async fn an_outage_is_told_as_such_and_ends_by_itself() {
    let folder = temporary_directory();
    let path = folder.path().join("pg");
    let cluster = Cluster::start(&path, Durability::Relaxed).await.unwrap();
    let database = open(cluster.url("postgres", "usher_app"));
    database.ping().await.unwrap();

    cluster.stop().await;
    let away = database.ping().await.unwrap_err();
    let cluster = Cluster::start(&path, Durability::Relaxed).await.unwrap();
    let back = database.ping().await;

    assert!(matches!(away, Error::Unavailable(_)), "{away:?}");
    back.unwrap();
    cluster.stop().await;
}

#[tokio::test]
async fn a_server_left_running_by_a_killed_process_is_taken_over() {
    let folder = temporary_directory();
    let path = folder.path().join("pg");
    let left = Cluster::start(&path, Durability::Relaxed).await.unwrap();
    let pid = left.pid().unwrap();
    std::mem::forget(left);

    let cluster = Cluster::start(&path, Durability::Relaxed).await.unwrap();

    assert_ne!(cluster.pid(), Some(pid));
    open(cluster.url("postgres", "usher_app")).ping().await.unwrap();
    cluster.stop().await;
}
