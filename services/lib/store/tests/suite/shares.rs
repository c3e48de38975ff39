//! The share of the connections that one workspace may use.

use std::time::{Duration, Instant};

use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_store::{Database, DatabaseConfig, Error};
use usher_testing::TestDatabase;

use super::{MIGRATOR, scope};

const SOON: Duration = Duration::from_millis(300);

async fn database() -> Database {
    Database::open(&DatabaseConfig {
        url: TestDatabase::create("store", &MIGRATOR).await.url(),
        max_connections: 8,
        statement_timeout: Duration::from_secs(10),
        application: "test",
    })
    .unwrap()
}

#[tokio::test]
async fn a_workspace_with_slow_statements_leaves_connections_to_others() {
    let database = database().await;
    let [busy, other] = [(), ()].map(|()| scope(WorkspaceId::new(&Clock::system())));
    let busy = database.scoped(&busy);
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(busy.begin().await.unwrap());
    }

    assert!(tokio::time::timeout(SOON, busy.begin()).await.is_err(), "there was a fifth");
    let others = tokio::time::timeout(SOON, database.scoped(&other).begin()).await;
    others.expect("another workspace waits").unwrap();
    let strangers = tokio::time::timeout(SOON, busy.clone().for_unauthenticated().begin()).await;
    strangers.expect("a caller outside of the workspace waits for it").unwrap();

    open.pop();
    tokio::time::timeout(SOON, busy.begin()).await.expect("no permit became free").unwrap();
}

#[tokio::test]
async fn a_cancelled_statement_counts_against_its_share_until_it_ends() {
    let database = database().await;
    let scoped = database.scoped(&scope(WorkspaceId::new(&Clock::system())));
    for _ in 0..4 {
        let mut tx = scoped.begin().await.unwrap();
        let slow = sqlx::query("SELECT pg_sleep(1)").execute(tx.conn());
        assert!(tokio::time::timeout(Duration::from_millis(20), slow).await.is_err());
    }

    let began = Instant::now();
    let mut tx = scoped.begin().await.unwrap();

    sqlx::query("SELECT 1").execute(tx.conn()).await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(500), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_scan_ends_after_its_time_and_says_so() {
    let database = database().await;
    let mut tx = database
        .scoped(&scope(WorkspaceId::new(&Clock::system())))
        .scan(Duration::from_millis(50))
        .await
        .unwrap();

    let slow = sqlx::query("SELECT pg_sleep(5)").execute(tx.conn()).await.unwrap_err();

    assert!(Error::from(slow).is_too_slow());
}

#[tokio::test]
async fn more_than_may_wait_are_told_that_the_workspace_is_at_its_limit() {
    let database = database().await;
    let scoped = database.scoped(&scope(WorkspaceId::new(&Clock::system())));
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(scoped.begin().await.unwrap());
    }

    let mut pending: Vec<_> = (0..128).map(|_| Box::pin(scoped.begin())).collect();
    for waiting in &mut pending {
        assert!(futures::poll!(waiting).is_pending());
    }
    assert!(matches!(scoped.begin().await, Err(Error::Crowded(_))));
}
