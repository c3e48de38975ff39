//! What the workspace's admin finds in the provisioning log.

use std::time::Duration;

use serde_json::{Value, json};
use usher_proto::tenant::v1 as pb;
use usher_tests::operator::Operator;
use usher_tests::scim::user;
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The log, oldest first, once it has so many entries.
async fn log(operator: &Operator, workspace: &Workspace, entries: usize) -> Vec<pb::LogEntry> {
    let wanted = pb::ListLogEntriesRequest { page_size: 500, ..Default::default() };
    let list = || operator.log(workspace.id(), wanted.clone());
    eventually(Duration::from_secs(10), "the log has the entries", async || {
        list().await.unwrap().entries.len() >= entries
    })
    .await;
    let mut found = list().await.unwrap().entries;
    found.reverse();
    assert_eq!(found.len(), entries, "{found:#?}");
    found
}

fn told(entry: &pb::LogEntry) -> (&str, &str, i32, &str, &str) {
    (&entry.method, &entry.resource_type, entry.status, &entry.name, &entry.reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attempt_is_there_with_what_was_asked_and_decided_and_no_value() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let (ada, eve) = (acme.address("ada"), "eve@elsewhere.example");
    let mut document = user(&ada);
    document["externalId"] = json!("A-1");
    document["title"] = json!("Secret Agent");
    let path = scim.post("/Users", &document).await.assert_status(201).path();
    scim.create_user(eve).await.assert_status(403);
    scim.patch(&path, json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "x@y" }]))
        .await;
    scim.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "False" }]))
        .await
        .assert_status(200);
    scim.get(&path).await.assert_status(200);
    scim.get("/Users/nobody").await.assert_status(404);
    scim.get("/Users?filter=nope+eq+1").await.assert_status(400);
    scim.delete(&path).await.assert_status(204);
    let outsider = scim.with_token("ush_aaaaaaaa_bbbb");
    for _ in 0..3 {
        outsider.get("/Users").await.assert_status(401);
    }

    let entries = log(stack.operator(), &acme, 7).await;

    assert_eq!(
        entries.iter().map(told).collect::<Vec<_>>(),
        [
            ("POST", "User", 201, ada.as_str(), ""),
            ("POST", "User", 403, eve, "DOMAIN_NOT_APPROVED"),
            ("PATCH", "User", 403, "", "DOMAIN_NOT_APPROVED"),
            ("PATCH", "User", 200, "", ""),
            ("GET", "User", 400, "", "INVALID_FILTER"),
            ("DELETE", "User", 204, "", ""),
            // Three of a kind are one entry.
            ("GET", "User", 401, "", "TOKEN_INVALID"),
        ]
    );
    let id = path.trim_start_matches("/Users/");
    assert_eq!((entries[0].resource_id.as_str(), entries[0].external_id.as_str()), (id, "A-1"));
    assert!(entries[0].attributes.contains(&"title".to_owned()), "{:?}", entries[0].attributes);
    assert_eq!(entries[2].attributes, ["emails[type eq \"…\"].value"]);
    assert!(entries[1].detail.contains("elsewhere.example"), "{}", entries[1].detail);
    assert!(!format!("{entries:?}").contains("Secret Agent"));
    assert_eq!((entries[0].app_id.as_str(), entries[0].token_id.as_str()), (acme.app(), acme.token_id()));
    assert!(entries[6].app_id.is_empty());
    let about = pb::ListLogEntriesRequest { about: ada.to_uppercase(), ..Default::default() };
    assert_eq!(stack.operator().log(acme.id(), about).await.unwrap().entries.len(), 1);
    let refused = pb::ListLogEntriesRequest { refused_only: true, page_size: 3, ..Default::default() };
    let page = stack.operator().log(acme.id(), refused.clone()).await.unwrap();
    assert_eq!(page.entries.iter().map(|entry| entry.status).collect::<Vec<_>>(), [401, 400, 403]);
    let next = pb::ListLogEntriesRequest { page_token: page.next_page_token, ..refused };
    assert_eq!(stack.operator().log(acme.id(), next).await.unwrap().entries.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_operation_of_a_bulk_request_has_its_own_entry_and_other_workspaces_have_none() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let globex = stack.workspace("globex").create().await;
    let operation = |bulk_id: &str, name: &str| json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": { "userName": name } });
    let group = json!({
        "method": "POST", "path": "/Groups", "bulkId": "g",
        "data": { "displayName": "Engines", "members": [{ "value": "bulkId:a" }] },
    });
    let patch = json!({
        "method": "PATCH", "path": "/Users/bulkId:a",
        "data": { "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "title", "value": "x" }] },
    });
    let operations: Value = json!([
        group, operation("a", &acme.address("ada")), operation("b", "eve@elsewhere.example"), patch,
        { "method": "GET", "path": "/Users/1" },
    ]);
    let body =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });

    acme.scim().post("/Bulk", &body).await.assert_status(200);

    let mut entries = log(stack.operator(), &acme, 5).await;
    entries.sort_by_key(|entry| entry.bulk_index);
    let told: Vec<_> =
        entries.iter().map(|entry| (entry.bulk_index, entry.method.as_str(), entry.status)).collect();
    assert_eq!(
        told,
        [(1, "POST", 201), (2, "POST", 201), (3, "POST", 403), (4, "PATCH", 200), (5, "GET", 400)]
    );
    assert_eq!(entries[3].resource_id, entries[1].resource_id, "the reference is resolved");
    assert_eq!(entries[0].name, "Engines");
    assert!(entries.iter().all(|entry| entry.request_id == entries[0].request_id));
    log(stack.operator(), &globex, 0).await;
}
