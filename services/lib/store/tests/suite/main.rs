//! Storage against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test ends when something is not as expected")]

mod shares;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection};
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::SigningKey;
use usher_base::{Audience, CallContext, Claims, Clock, KeySet, Permission, TenantScope};
use usher_store::{BootError, Cluster, Database, DatabaseConfig, Durability, Error, check, migrate};
use usher_testing::{TestDatabase, temporary_directory};

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

/// Even here, scopes come from verified credentials only.
fn scope(workspace: WorkspaceId) -> TenantScope {
    let clock = Clock::system();
    let key = SigningKey::generate().unwrap();
    let claims = Claims {
        iss: ISSUER.into(),
        sub: "service:test".into(),
        aud: vec![Audience::Identity],
        tid: Some(workspace),
        scp: BTreeSet::from([Permission::UsersRead]),
        pol: None,
        iat: clock.now().as_second(),
        nbf: 0,
        exp: clock.now().as_second() + 60,
        jti: "1".into(),
        key: None,
    };
    let token = key.sign(&claims).unwrap();
    let keys = KeySet::new([key.public()]).unwrap();
    let credential = keys.verify(&token, Audience::Identity, clock.now()).unwrap();
    CallContext::background(clock, credential, workspace, "test").scope(Permission::UsersRead).unwrap()
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
async fn only_the_user_who_runs_usher_is_let_into_a_private_server() {
    let folder = usher_testing::temporary_directory();
    let cluster = Cluster::start(&folder.path().join("pg"), Durability::Relaxed).await.unwrap();
    let mut server = PgConnection::connect(&cluster.url("postgres", "postgres")).await.unwrap();
    sqlx::raw_sql("CREATE ROLE stranger LOGIN").execute(&mut server).await.unwrap();

    let rules: Vec<(String, String)> = sqlx::query_as("SELECT type, auth_method FROM pg_hba_file_rules")
        .fetch_all(&mut server)
        .await
        .unwrap();
    let refused = PgConnection::connect(&cluster.url("postgres", "stranger")).await.unwrap_err();

    assert_eq!(rules, [("local".to_owned(), "peer".to_owned())]);
    assert!(refused.to_string().contains("Peer authentication failed"), "{refused}");
    cluster.stop().await;
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
    let unscoped = sqlx::query("SELECT note FROM notes").fetch_all(global.conn()).await;

    assert_eq!(seen, ["mine"]);
    assert!(smuggled.unwrap_err().to_string().contains("row-level security"));
    assert_eq!(one, "mine");
    assert!(unscoped.unwrap_err().to_string().contains("no tenant is set"));
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
    let after = sqlx::query("SELECT note FROM notes").fetch_all(global.conn()).await;

    let refused = Error::from(after.unwrap_err());
    assert!(matches!(refused, Error::Unavailable(_)), "the caller may try again: {refused:?}");
}

#[tokio::test]
async fn the_boot_check_refuses_a_role_that_is_too_powerful() {
    let fresh = TestDatabase::create("store", &MIGRATOR).await;

    check(&open(fresh.url())).await.unwrap();
    let refused = check(&open(fresh.owner_url())).await.unwrap_err();

    assert!(matches!(&refused, BootError::StrongRole(role, _) if role == "usher_owner"), "{refused}");
    assert!(refused.to_string().contains("owns tables, owns functions"), "{refused}");
}

/// What somebody with the owner's rights may change in the schema, and what the boot check reports.
const TAMPERINGS: [(&str, &str); 18] = [
    (
        "CREATE TABLE leaky (tenant_id uuid PRIMARY KEY)",
        "row-level security by exactly its one policy: leaky;",
    ),
    ("CREATE VIEW leak AS SELECT * FROM notes", "exactly its one policy: leak;"),
    ("ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "exactly its one policy: notes;"),
    ("DROP POLICY tenant ON notes", "exactly its one policy: notes;"),
    ("ALTER POLICY tenant ON notes USING (true)", "exactly its one policy: notes;"),
    (
        "ALTER POLICY tenant ON notes USING (tenant_id = app_tenant() OR note = 'x')",
        "exactly its one policy: notes;",
    ),
    ("ALTER POLICY tenant ON notes WITH CHECK (true)", "exactly its one policy: notes;"),
    ("CREATE POLICY all_of_it ON notes USING (true)", "exactly its one policy: notes;"),
    ("CREATE FUNCTION loose() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "pg_temp: loose();"),
    (
        "CREATE FUNCTION loose() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT 1'",
        "pg_temp: loose();",
    ),
    ("GRANT EXECUTE ON FUNCTION first_note(uuid) TO PUBLIC", "PUBLIC may execute first_note(uuid);"),
    ("GRANT SELECT ON notes TO PUBLIC", "PUBLIC has SELECT on notes;"),
    ("GRANT SELECT (note) ON notes TO PUBLIC", "PUBLIC has SELECT on notes.note;"),
    ("GRANT TRUNCATE ON notes TO usher_app", "usher_app has TRUNCATE on notes;"),
    (
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$",
        "PUBLIC has TEMPORARY on the database, usher_app has TEMPORARY on the database;",
    ),
    (
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()); END $$",
        "PUBLIC has CONNECT on the database;",
    ),
    (
        "CREATE OR REPLACE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid'",
        "app_tenant() does not return",
    ),
    (
        "CREATE OR REPLACE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE
         AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$",
        "app_tenant() does not return",
    ),
];

#[tokio::test]
async fn the_boot_check_refuses_a_schema_whose_protection_is_not_as_the_migrations_built_it() {
    for (statement, message) in TAMPERINGS {
        let fresh = TestDatabase::create("store", &MIGRATOR).await;
        run(&fresh.owner_url(), statement).await;

        let refused = check(&open(fresh.url())).await.map_err(|error| error.to_string());

        assert!(refused.as_ref().is_err_and(|refused| refused.contains(message)), "{statement}: {refused:?}");
    }
}

#[tokio::test]
async fn migrating_again_closes_what_a_copied_database_has_open() {
    let copy = TestDatabase::create("store", &MIGRATOR).await;
    run(
        &copy.owner_url(),
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$;
         GRANT EXECUTE ON FUNCTION first_note(uuid) TO PUBLIC;
         CREATE FUNCTION loose() RETURNS int LANGUAGE sql SECURITY DEFINER SET work_mem = '1MB' AS 'SELECT 1'",
    )
    .await;
    check(&open(copy.url())).await.unwrap_err();

    migrate(&copy.owner_url(), &MIGRATOR).await.unwrap();

    check(&open(copy.url())).await.unwrap();
}

#[tokio::test]
async fn a_function_added_later_is_open_to_the_runtime_role_only() {
    let database = TestDatabase::create("store", &MIGRATOR).await;
    run(&database.owner_url(), "CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'").await;

    check(&open(database.url())).await.unwrap();
    run(&database.url(), "SELECT later()").await;
}

async fn run(url: &str, statements: &'static str) {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let done = sqlx::raw_sql(statements).execute(&mut connection).await;
    done.unwrap_or_else(|error| panic!("{statements}: {error}"));
    connection.close().await.unwrap();
}

#[tokio::test]
async fn an_outage_is_reported_as_such_and_ends_by_itself() {
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
async fn a_private_server_runs_below_a_directory_that_others_can_t_enter() {
    let folder = temporary_directory();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = folder.path().join("pg");

    let cluster = Cluster::start(&path, Durability::Relaxed).await.unwrap();

    open(cluster.url("postgres", "usher_app")).ping().await.unwrap();
    cluster.stop().await;
    let cluster = Cluster::start(&path, Durability::Relaxed).await.unwrap();
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
