//! What a workspace's admin finds in the provisioning log.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use usher_proto::tenant::v1 as pb;
use usher_tests::operator::Operator;
use usher_tests::scim::user;
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The log, oldest first, when it has this number of entries.
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

fn summary(entry: &pb::LogEntry) -> (&str, &str, i32, &str, &str) {
    (&entry.method, &entry.resource_type, entry.status, &entry.name, &entry.reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_logged_with_its_outcome_and_without_values() {
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
        entries.iter().map(summary).collect::<Vec<_>>(),
        [
            ("POST", "User", 201, ada.as_str(), ""),
            ("POST", "User", 403, eve, "DOMAIN_NOT_APPROVED"),
            ("PATCH", "User", 403, "", "DOMAIN_NOT_APPROVED"),
            ("PATCH", "User", 200, "", ""),
            ("GET", "User", 400, "", "INVALID_FILTER"),
            ("DELETE", "User", 204, "", ""),
            // Three similar ones are one entry.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_is_logged_beside_a_flood_of_refusals_and_no_row_is_for_a_workspace_that_is_not_there() {
    const WRITES: usize = 60;
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let at = |workspace: &str| acme.scim().with_base(&format!("{}/scim/v2/{workspace}", stack.gateway()));
    let flood = async {
        for round in 0..40 {
            let made_up = (0..20).map(|number| format!("made-up-{round}-{number}"));
            let ids = (0..20).map(|_| uuid::Uuid::new_v4().to_string());
            let own = ["acme".to_owned(), acme.id().to_string(), acme.id().to_string().to_uppercase()];
            join_all(made_up.chain(ids).chain(own).map(async |workspace| {
                at(&workspace).with_token("x").get("/Users").await.assert_status(401);
            }))
            .await;
        }
    };
    let writes = async {
        for number in 0..WRITES {
            acme.scim().create_user(&acme.address(&format!("u{number}"))).await.assert_status(201);
        }
    };

    tokio::join!(flood, writes);

    let wanted = pb::ListLogEntriesRequest { page_size: 500, ..Default::default() };
    let logged = async || {
        let entries = stack.operator().log(acme.id(), wanted.clone()).await.unwrap().entries;
        entries.iter().filter(|entry| entry.status == 201).count() == WRITES
    };
    eventually(Duration::from_secs(10), "every write is logged", logged).await;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let nowhere: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM provisioning_log WHERE tenant_id NOT IN (SELECT tenant_id FROM workspaces)",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(nowhere, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_under_every_name_of_a_workspace_and_at_every_gateway_are_one_entry() {
    let mut stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let marks = [stack.workspace("globex").create().await, stack.workspace("initech").create().await];
    let second = stack.another_gateway().await;
    for (gateway, mark) in [stack.gateway(), &second].into_iter().zip(&marks) {
        for name in ["acme".to_owned(), acme.id().to_string(), acme.id().to_string().to_uppercase()] {
            let client = acme.scim().with_base(&format!("{gateway}/scim/v2/{name}")).with_token("x");
            client.get("/Users").await.assert_status(401);
        }
        let last = mark.scim().with_base(&format!("{gateway}/scim/v2/{}", mark.slug())).with_token("x");
        last.get("/Users").await.assert_status(401);
    }

    // A gateway sends refusals in order, so earlier ones have arrived too.
    for mark in &marks {
        log(stack.operator(), mark, 1).await;
    }
    assert_eq!(log(stack.operator(), &acme, 1).await[0].status, 401);
}
