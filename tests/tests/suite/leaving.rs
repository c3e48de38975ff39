//! A person's leaving is never refused by anything.

use serde_json::{Value, json};
use usher_proto::tenant::v1 as pb;
use usher_tests::scim::{ScimClient, user};
use usher_tests::stack::{Stack, Workspace};

const OUTSIDE: &str = "ada@not-approved.example";

fn leave_as(user_name: &str) -> Value {
    json!([
        { "op": "Replace", "path": "userName", "value": user_name },
        { "op": "Replace", "path": "active", "value": "False" },
    ])
}

async fn assert_away(scim: &ScimClient, path: &str, user_name: &str) {
    scim.get(path).await.assert_at("/active", false).assert_at("/userName", user_name);
}

async fn created(acme: &Workspace, name: &str) -> String {
    format!("/Users/{}", acme.scim().created(&acme.address(name)).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_under_a_name_of_a_domain_that_is_not_approved_leaves_on_every_path() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();

    let path = created(&acme, "patched").await;
    scim.patch(&path, leave_as(OUTSIDE)).await.assert_status(200);
    assert_away(scim, &path, OUTSIDE).await;
    scim.delete(&path).await.assert_status(204);

    let path = created(&acme, "put").await;
    let mut document = user(OUTSIDE);
    document["active"] = json!(false);
    scim.put(&path, &document).await.assert_status(200);
    assert_away(scim, &path, OUTSIDE).await;
    scim.delete(&path).await.assert_status(204);

    let path = created(&acme, "bulk").await;
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "PATCH", "path": path, "data": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": leave_as(OUTSIDE) } }],
    });
    scim.post("/Bulk", &bulk).await.assert_status(200).assert_at("/Operations/0/status", "200");
    assert_away(scim, &path, OUTSIDE).await;

    // The primary address is judged in the same way.
    let path = created(&acme, "mailed").await;
    let operations = json!([
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": OUTSIDE },
        { "op": "Replace", "path": "active", "value": "False" },
    ]);
    scim.patch(&path, operations).await.assert_status(200).assert_at("/active", false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_active_is_judged_when_they_become_active() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut document = user(OUTSIDE);
    document["active"] = json!(false);

    let path = scim.post("/Users", &document).await.assert_status(201).path();
    let rename = json!([{ "op": "replace", "path": "userName", "value": "eve@not-approved.example" }]);
    scim.patch(&path, rename).await.assert_status(200);

    let activate = json!([{ "op": "replace", "path": "active", "value": true }]);
    scim.patch(&path, activate).await.assert_scim_error(403, "approved domain");
    document["active"] = json!(true);
    scim.put(&path, &document).await.assert_scim_error(403, "approved domain");
    document["userName"] = json!("eve@not-approved.example");
    scim.post("/Users", &document).await.assert_scim_error(403, "approved domain");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_under_a_name_that_another_user_has_leaves_under_their_own() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let (stays, patched, put) =
        (acme.address("stays"), created(&acme, "patched").await, created(&acme, "put").await);
    scim.created(&stays).await;

    let mut operations = leave_as(&stays);
    operations.as_array_mut().unwrap().push(json!({ "op": "add", "path": "title", "value": "Countess" }));
    let answer = scim.patch(&patched, operations).await;
    answer.assert_status(200).assert_at("/title", "Countess");
    assert_away(scim, &patched, &acme.address("patched")).await;
    let mut document = user(&stays);
    document["active"] = json!(false);
    scim.put(&put, &document).await.assert_status(200);
    assert_away(scim, &put, &acme.address("put")).await;

    // Who stays does not take another user's name.
    let rename = json!([{ "op": "replace", "path": "userName", "value": stays }]);
    scim.patch(&patched, rename).await.assert_status(409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_and_changes_the_user_type_leaves_over_the_limit() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let (first, second) = (created(&acme, "first").await, created(&acme, "second").await);
    let mut free = user(&acme.address("free"));
    free["userType"] = json!("Collaborator");
    let free = scim.post("/Users", &free).await.assert_status(201).path();
    acme.update(pb::UpdateWorkspaceRequest {
        seat_policy: pb::SeatPolicy::Block.into(),
        seat_limit: Some(1),
        ..Default::default()
    })
    .await;

    for (path, user_type) in [(&first, "External"), (&second, "Collaborator"), (&free, "Regular")] {
        let operations = json!([
            { "op": "replace", "path": "userType", "value": user_type },
            { "op": "replace", "path": "active", "value": false },
        ]);
        scim.patch(path, operations).await.assert_status(200).assert_at("/active", false);
    }
}
