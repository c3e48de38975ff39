//! Tests that every statement of a token check is an index probe, starting with an empty table. They count what each
//! statement reads, on a connection whose plans were made while the tables were empty, and on one that starts with or
//! without statistics.

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::Clock;
use usher_base::domain::DomainName;
use usher_base::id::{AppId, TokenId, WorkspaceId};
use usher_testing::TestDatabase;
use uuid::Uuid;

use crate::keyring::KeyedMac;
use crate::store::world::World;
use crate::store::{attempts, domains, service_keys, tokens, workspaces};

/// More than five, after which PostgreSQL switches from custom plans to a generic plan.
const TIMES: usize = 7;

/// What one run of a case may read: the number of rows, and of database pages.
type Bound = (i64, i64);
type Case = (&'static str, Bound, for<'w> fn(&'w World) -> LocalBoxFuture<'w, ()>);

impl World {
    async fn assert_probes(&mut self, when: &str) {
        let mut beyond = Vec::new();
        for (name, max, case) in CASES {
            for _ in 1..TIMES {
                case(self).await;
            }
            let before = self.read().await;
            case(self).await;
            let after = self.read().await;
            let read = (after.0 - before.0, after.1 - before.1);
            if read.0 > max.0 || read.1 > max.1 {
                beyond.push((name, max, read));
            }
        }
        assert!(beyond.is_empty(), "{when}: case, most rows and pages, rows and pages read: {beyond:#?}");
    }
}

fn id(kind: u16, number: u64) -> Uuid {
    Uuid::from_u128((u128::from(kind) << 64) | u128::from(number))
}

/// The statements of a token check (with warm or cold cache), of policies, and of requests for credentials, each with
/// the maximum that one run may read. Descending one index and reading its row takes four to six pages.
const CASES: [Case; 11] = [
    ("a token check", (5, 24), |w| {
        Box::pin(async move { drop(tokens::find(&w.scoped, "t1").await.unwrap()) })
    }),
    ("a token check of an unknown token", (0, 24), |w| {
        Box::pin(async move { assert!(tokens::find(&w.scoped, "nobody").await.unwrap().is_none()) })
    }),
    ("a token's last use", (4, 60), |w| {
        Box::pin(async move {
            let mac = KeyedMac { key: "k".into(), mac: vec![1; 32] };
            let token = TokenId::from_uuid(id(3, 1));
            tokens::touch(&w.scoped, token, Some(mac), Timestamp::UNIX_EPOCH).await.unwrap();
        })
    }),
    ("a slug", (1, 8), |w| {
        Box::pin(async move {
            workspaces::find_by_slug(&w.database, "acme").await.unwrap();
        })
    }),
    ("two slugs", (2, 16), |w| {
        Box::pin(async move {
            workspaces::find_by_slugs(&w.database, &["acme", "w1"]).await.unwrap();
        })
    }),
    ("a workspace", (2, 16), |w| {
        Box::pin(async move {
            let mut tx = w.scoped.begin().await.unwrap();
            workspaces::find(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("its domains", (10, 24), |w| {
        Box::pin(async move {
            let mut tx = w.scoped.begin().await.unwrap();
            domains::list(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("one domain", (1, 8), |w| {
        Box::pin(async move {
            let domain: DomainName = "d1.example".parse().unwrap();
            let mut tx = w.scoped.begin().await.unwrap();
            domains::find(&mut tx, &domain).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("an app's tokens", (50, 120), |w| {
        Box::pin(async move {
            let mut tx = w.scoped.begin().await.unwrap();
            tokens::list(&mut tx, AppId::from_uuid(id(2, 1))).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("a service key", (1, 8), |w| {
        Box::pin(async move { drop(service_keys::find(&w.database, "k1").await.unwrap()) })
    }),
    ("an attempt to sign in", (12, 80), |w| {
        Box::pin(async move {
            let now = Timestamp::UNIX_EPOCH;
            attempts::begin(&w.scoped, id(5, 1), 1, now).await.unwrap();
            attempts::succeed(&w.scoped, id(5, 1), 1, now).await.unwrap();
        })
    }),
];

const TABLES: [&str; 8] = [
    "plans",
    "workspace_directory",
    "workspaces",
    "approved_domains",
    "apps",
    "tokens",
    "service_keys",
    "sign_in_attempts",
];

const WORKSPACE: &str = include_str!("probes/workspace.sql");
/// Many workspaces, each with an app, tokens and domains.
const OTHERS: &str = include_str!("probes/others.sql");

async fn empty_database() -> (TestDatabase, WorkspaceId) {
    let database = TestDatabase::create("tenant", &crate::MIGRATOR).await;
    let mut owner = PgConnection::connect(&database.owner_url()).await.unwrap();
    for table in TABLES {
        let statement = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut owner).await.unwrap();
    }
    owner.close().await.unwrap();
    (database, WorkspaceId::new(&Clock::system()))
}

#[tokio::test]
async fn plans_made_in_an_empty_database_are_the_right_probes_when_it_is_full() {
    let (database, workspace) = empty_database().await;
    let mut early = World::connect(&database, workspace).await;
    early.assert_probes("in a new database").await;

    early.run(WORKSPACE).await;
    early.assert_probes("with 20,000 tokens and plans from before").await;
    let mut late = World::connect(&database, workspace).await;
    late.assert_probes("with 20,000 tokens and no statistics").await;

    early.run(OTHERS).await;
    early.assert_probes("with 10,000 more workspaces and plans from before").await;
    let mut late = World::connect(&database, workspace).await;
    late.assert_probes("with 10,000 more workspaces and no statistics").await;

    late.run("ANALYZE").await;
    let mut analyzed = World::connect(&database, workspace).await;
    analyzed.assert_probes("with statistics").await;
    let mut small = World::connect(&database, WorkspaceId::from_uuid(id(4, 1))).await;
    small.assert_probes("in a small workspace among many").await;
}

#[tokio::test]
async fn plans_made_after_a_vacuum_of_empty_tables_are_the_right_probes_too() {
    let (database, workspace) = empty_database().await;
    let mut early = World::connect(&database, workspace).await;
    for table in TABLES {
        early.run(&format!("VACUUM ANALYZE {table}")).await;
    }
    early.assert_probes("in a vacuumed database").await;

    early.run(WORKSPACE).await;

    early.assert_probes("with 20,000 tokens and plans from before").await;
}
