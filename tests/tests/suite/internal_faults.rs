//! Internal errors: what the client sees, and what the operator sees.

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use usher_store::{Durability, OWNER_ROLE};
use usher_tests::scim::{Answer, user};
use usher_tests::stack::Processes;

/// The log lines of a role about a request, as JSON.
fn errors(processes: &Processes, role: &str, answer: &Answer) -> Vec<Value> {
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let log = processes.log(role);
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["level"] == "ERROR" && line["span"]["request_id"] == id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_one_error_in_the_log_with_its_whole_chain_and_nothing_of_it_in_the_answer() {
    let processes = Processes::start(Durability::Relaxed).await;
    let acme = processes.workspace("acme").create().await;
    let ada = acme.scim().created(&acme.address("ada")).await;
    let mut owner = PgConnection::connect(&processes.database_url("identity", OWNER_ROLE)).await.unwrap();
    let mut owner_says = async |statement: &'static str| {
        sqlx::raw_sql(statement).execute(&mut owner).await.unwrap();
    };

    // Identity may no longer create users or read members.
    owner_says("REVOKE EXECUTE ON FUNCTION create_user, members_of FROM usher_app").await;
    let failed = acme.scim().post("/Users", &user(&acme.address("eve"))).await;
    let group = json!({ "displayName": "crew", "members": [{ "value": ada }] });
    let written = acme.scim().post("/Groups", &group).await;
    owner_says("GRANT EXECUTE ON FUNCTION create_user, members_of TO usher_app").await;

    failed.assert_scim_error(500, "");
    for internal in ["create_user", "permission", "42501", "function", "database"] {
        assert!(!failed.text.contains(internal), "{internal}: {}", failed.text);
    }
    let [identity] = errors(&processes, "identity", &failed).try_into().unwrap();
    let chain = identity["error"].as_str().unwrap();
    assert!(chain.contains("permission denied") && chain.contains("create_user"), "{identity}");
    assert_eq!(errors(&processes, "gateway", &failed).len(), 1);

    // A successful write is reported as such, even if its answer can't be complete.
    let path = format!("/Groups/{}", written.assert_status(201).id());
    assert_eq!(errors(&processes, "gateway", &written).len(), 0);
    acme.scim().get(&path).await.assert_status(200).assert_at("/members/0/value", ada);
}
