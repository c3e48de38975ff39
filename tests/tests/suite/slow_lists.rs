//! Lists that take the database too long.

use std::time::{Duration, Instant};

use sqlx::Connection as _;
use usher_tests::scim::encode;
use usher_tests::stack::Stack;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_takes_longer_than_two_seconds_ends_and_says_what_to_ask_for_instead() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().created(&acme.address("ada")).await;
    let mut owner = stack.owner(&stack.databases().identity).await;
    let mut lock = owner.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();

    let began = Instant::now();
    let path = format!("/Users?filter={}", encode("title co \"engineer\""));
    let (selective, plain) = tokio::join!(acme.scim().get(&path), acme.scim().get("/Users?count=10"));

    selective.assert_scim_error(400, "longer than 2 seconds").assert_scim_type("invalidFilter");
    // The client's query does not make this slow, so the client should try again.
    plain.assert_scim_error(503, "try again");
    assert!(began.elapsed() < Duration::from_secs(8), "after {:?}", began.elapsed());
    lock.rollback().await.unwrap();
    acme.scim().get(&path).await.assert_total(0);
}
