//! Deactivations are never refused.

use std::time::Duration;

use serde_json::{Value, json};
use usher_proto::identity::v1 as identity;
use usher_proto::seats::v1::AtLimit;
use usher_proto::tenant::v1 as pb;
use usher_tests::scim::{ScimClient, user};
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

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
async fn a_deactivation_with_a_name_of_an_unapproved_domain_succeeds_on_every_path() {
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

    // The primary address is checked in the same way.
    let path = created(&acme, "mailed").await;
    let operations = json!([
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": OUTSIDE },
        { "op": "Replace", "path": "active", "value": "False" },
    ]);
    scim.patch(&path, operations).await.assert_status(200).assert_at("/active", false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inactive_users_are_checked_when_they_become_active() {
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
async fn a_deactivation_with_a_taken_name_keeps_the_old_name() {
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

    // A user who stays active can't take another user's name.
    let rename = json!([{ "op": "replace", "path": "userName", "value": stays }]);
    scim.patch(&patched, rename).await.assert_status(409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deactivation_with_a_change_of_user_type_succeeds_over_the_limit() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let (first, second) = (created(&acme, "first").await, created(&acme, "second").await);
    let mut free = user(&acme.address("free"));
    free["userType"] = json!("Collaborator");
    let free = scim.post("/Users", &free).await.assert_status(201).path();
    acme.update(pb::UpdateWorkspaceRequest {
        at_limit: AtLimit::Block.into(),
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

/// Possible faults in a request that deactivates somebody: PATCH operations beside the deactivation, and a PUT
/// document that contains it.
fn faults(name: &str) -> Vec<(&'static str, Value, Value)> {
    const SEAT: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";
    let put = |name: &str, attribute: &str, value: Value| {
        let mut document = user(name);
        document["active"] = json!("False");
        document[attribute] = value;
        document
    };
    let patch = |path: &str, value: Value| json!({ "op": "replace", "path": path, "value": value });
    let roles: Vec<_> = (0..150).map(|role| json!({ "value": format!("role {role}") })).collect();
    let (long, huge) = ("x".repeat(1_100), json!([{ "value": "x".repeat(140 << 10) }]));
    let nameless = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "active": false });
    vec![
        (
            "an invalid user type",
            patch(&format!("{SEAT}:userType"), json!("Boss")),
            put(name, SEAT, json!({ "userType": "Boss" })),
        ),
        ("a long name", patch("displayName", json!(long)), put(name, "displayName", json!(long))),
        ("an unknown attribute", patch("shoeSize", json!(42)), put(name, "schemas", json!(["urn:nope"]))),
        ("many roles", patch("roles", json!(roles)), put(name, "roles", json!(roles))),
        ("no userName", patch("userName", json!("")), nameless),
        ("an invisible userName", patch("userName", json!("\u{200b}")), put("\u{200b}", "title", json!("x"))),
        ("a large value", patch("x509Certificates", huge.clone()), put(name, "x509Certificates", huge)),
        ("an invalid operation", json!({ "op": "shout" }), put(name, "name", json!(7))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deactivation_is_done_despite_other_faults_of_the_request_and_the_answer_says_so() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let leave = json!({ "op": "Replace", "path": "active", "value": "False" });
    let retitle = json!({ "op": "replace", "path": "title", "value": "Countess" });

    for (number, (what, faulty, document)) in faults(&acme.address("put")).into_iter().enumerate() {
        let patched = created(&acme, &format!("patched{number}")).await;
        let answer = scim.patch(&patched, json!([retitle, leave, faulty])).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        answer.assert_scim_error(400, "the user was deactivated");
        let user = scim.get(&patched).await;
        assert_eq!((&user.body["active"], &user.body["title"]), (&json!(false), &Value::Null), "{what}");
        assert_eq!(user.etag(), "W/\"2\"", "{what}");
        let again = scim.patch(&patched, json!([retitle, leave, faulty])).await;
        assert!(again.status == 400 && !again.text.contains("deactivated"), "{what}: {}", again.text);

        let put = created(&acme, "put").await;
        let answer = scim.put(&put, &document).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        answer.assert_scim_error(400, "the user was deactivated");
        assert_away(scim, &put, &acme.address("put")).await;
        scim.delete(&put).await.assert_status(204);
    }

    assert_eq!(acme.seats().await.regular, 0);
    let changes = stack.operator().changes(acme.id()).await.unwrap();
    let left: Vec<_> =
        changes.iter().filter(|change| change.kind() == identity::ChangeKind::Deactivated).collect();
    assert_eq!(left.len(), 2 * faults("").len());
    assert!(
        left.iter().all(|change| change.attributes == ["active"] && change.seat_sequence > 0),
        "{left:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_another_version_or_without_json_or_without_active_false_deactivates_nobody() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let path = created(&acme, "ada").await;
    let leave = json!({ "op": "replace", "path": "active", "value": false });
    let back = json!({ "op": "replace", "path": "active", "value": true });
    let faulty = json!({ "op": "replace", "path": "shoeSize", "value": 42 });
    let message = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [leave, faulty] });

    let stale = scim.with_body(reqwest::Method::PATCH, &path, &message).header("if-match", "W/\"99\"");
    scim.send(stale).await.assert_status(412);
    let cut = message.to_string();
    let cut = scim.request(reqwest::Method::PATCH, &path).body(cut[..cut.len() - 1].to_owned());
    scim.send(cut.header("content-type", "application/scim+json")).await.assert_status(400);
    scim.patch(&path, json!([leave, back, faulty])).await.assert_status(400);
    scim.patch(&path, json!([faulty])).await.assert_status(400);
    scim.get(&path).await.assert_at("/active", true);

    // In a bulk request, each operation is judged separately.
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "PATCH", "path": path, "data": message }],
    });
    let answer = scim.post("/Bulk", &bulk).await;
    answer.assert_status(200).assert_at("/Operations/0/status", "400");
    assert!(answer.text.contains("the user was deactivated"), "{}", answer.text);
    scim.get(&path).await.assert_at("/active", false);
}

/// Puts a workspace into a state in which its token gets `refusal`. Asserts that all kinds of deactivations are
/// accepted and nothing else is, and that everything works as before after `back`.
async fn assert_leaving_only(
    acme: &Workspace,
    into: pb::UpdateWorkspaceRequest,
    refusal: &str,
    back: pb::UpdateWorkspaceRequest,
) {
    let scim = acme.scim();
    let mut people = Vec::new();
    for name in ["patched", "put", "deleted", "bulk", "stays", "away"] {
        people.push(created(acme, name).await);
    }
    let [patched, put, deleted, bulk, stays, away] = people.as_slice() else { panic!() };
    let leave = json!([{ "op": "replace", "path": "active", "value": false }]);
    scim.patch(away, leave.clone()).await.assert_status(200);
    let member = stays.trim_start_matches("/Users/");
    let group = json!({ "displayName": "Staff", "members": [{ "value": member }] });
    let group = format!("/Groups/{}", scim.post("/Groups", &group).await.assert_status(201).id());

    acme.update(into).await;
    let told = async || scim.get("/Users").await.status == 403;
    eventually(Duration::from_secs(3), "the new state is known", told).await;

    // Some identity providers read a user first.
    scim.get(patched).await.assert_status(200);
    scim.patch(patched, leave.clone()).await.assert_status(200).assert_at("/active", false);
    scim.patch(patched, leave.clone()).await.assert_status(200);
    let mut document = user(&acme.address("put"));
    document["active"] = json!(false);
    scim.put(put, &document).await.assert_status(200).assert_at("/active", false);
    scim.delete(deleted).await.assert_status(204);
    let operations = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "DELETE", "path": bulk },
            { "method": "POST", "path": "/Users", "bulkId": "1", "data": user(&acme.address("new")) },
            { "method": "DELETE", "path": group },
        ],
    });
    let answer = scim.post("/Bulk", &operations).await;
    answer.assert_status(200).assert_at("/Operations/0/status", "204");
    answer.assert_at("/Operations/1/status", "403").assert_at("/Operations/2/status", "403");

    let back_again = json!([{ "op": "replace", "path": "active", "value": true }]);
    let retitled = json!([{ "op": "replace", "path": "title", "value": "Countess" }]);
    let emptied = json!([{ "op": "remove", "path": "members" }]);
    let active = user(&acme.address("stays"));
    for answer in [
        scim.create_user(&acme.address("new")).await,
        scim.patch(away, back_again).await,
        scim.patch(stays, retitled.clone()).await,
        scim.patch(away, retitled).await,
        scim.put(away, &active).await,
        scim.patch(&group, emptied).await,
        scim.delete(&group).await,
        scim.get(&group).await,
        scim.filter("userName eq \"nobody\"").await,
        scim.get("/Schemas").await,
        scim.get("/ServiceProviderConfig").await,
    ] {
        answer.assert_scim_error(403, refusal);
    }
    // Unreadable requests, and those for another version, are refused as usual.
    scim.patch(stays, json!([{ "op": "replace", "path": "active", "value": "perhaps" }]))
        .await
        .assert_status(400);
    let stale = scim.request(reqwest::Method::DELETE, stays).header("if-match", "W/\"99\"");
    scim.send(stale).await.assert_status(412);

    acme.update(back).await;
    let open = async || scim.get("/Users").await.status == 200;
    eventually(Duration::from_secs(3), "the old state is known", open).await;
    assert_eq!(acme.seats().await.regular, 1);
    scim.get(&group).await.assert_at("/members/0/value", member);
    scim.create_user(&acme.address("new")).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_workspace_accepts_only_deactivations() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let status = |status: pb::WorkspaceStatus| pb::UpdateWorkspaceRequest {
        status: status.into(),
        ..Default::default()
    };

    let (suspended, active) = (status(pb::WorkspaceStatus::Suspended), status(pb::WorkspaceStatus::Active));
    assert_leaving_only(&acme, suspended, "suspended", active).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_whose_plan_lost_scim_accepts_only_deactivations() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let plan = |plan: &str| pb::UpdateWorkspaceRequest { plan: Some(plan.into()), ..Default::default() };

    assert_leaving_only(&acme, plan("Free"), "does not include SCIM", plan("Enterprise")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deactivations_succeed_over_the_rate_limit() {
    let stack = Stack::start_with(|settings| {
        settings.gateway.rate_per_second = 1;
        settings.gateway.rate_burst = 10;
    })
    .await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let (first, second, stays) =
        (created(&acme, "first").await, created(&acme, "second").await, created(&acme, "stays").await);
    let retitle = json!([{ "op": "replace", "path": "title", "value": "Countess" }]);
    let used_up = async || {
        for _ in 0..100 {
            if scim.patch(&stays, retitle.clone()).await.status == 429 {
                return;
            }
        }
        panic!("the rate limit was never reached");
    };

    used_up().await;
    let leave = json!([{ "op": "replace", "path": "active", "value": "False" }]);
    scim.patch(&first, leave).await.assert_status(200).assert_at("/active", false);
    let delete = async || {
        used_up().await;
        scim.delete(&second).await.status == 204
    };
    eventually(Duration::from_secs(5), "the reserve for leaving comes back", delete).await;
}
