//! Only people of approved domains can be provisioned, on every path.

use std::time::Duration;

use serde_json::{Value, json};
use usher_tests::scim::{Answer, user};
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

/// User names that must be refused if `acme.example` and `bücher.example` are approved.
const OUTSIDE: [&str; 22] = [
    "eve@evil.example",
    "eve@mail.acme.example",
    "eve@acme.example.evil.example",
    "eve@notacme.example",
    "eve@acme.examples",
    "eve@acme",
    "eve@acme.example.",
    "eve@.acme.example",
    "eve@evil.example@acme.example",
    "eve@acme.example@evil.example",
    "\"eve@evil.example\"@acme.example",
    "\"eve\"@acme.example",
    "eve(@evil.example)@acme.example",
    "<eve@evil.example>eve@acme.example",
    // Cyrillic а, Greek ο, a fullwidth @, a zero-width space, a dotless ı.
    "eve@аcme.example",
    "eve@bücher.exαmple",
    "eve＠evil.example",
    "eve@acme\u{200B}.example",
    "eve@acme.example\u{202E}",
    "eve@[127.0.0.1]",
    "eve@bucher.example",
    "@acme.example",
];

async fn acme(stack: &Stack) -> Workspace {
    stack.workspace("acme").domains(&["acme.example", "Bücher.Example"]).create().await
}

/// A refusal that an admin can act on: it names the domain or address, the workspace, and what to do.
#[track_caller]
fn refused(answer: &Answer, named: &str) {
    answer.assert_scim_error(403, "approved domain");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains(named), "{named:?} is not named: {detail}");
    assert!(detail.contains("workspace acme"), "{detail}");
}

fn with_primary(user_name: &str, primary: &str) -> Value {
    let mut document = user(user_name);
    document["emails"] = json!([{ "type": "work", "primary": true, "value": primary }]);
    document
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_names_the_domain_the_workspace_and_what_to_do() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;

    let answer = acme.scim().create_user("eve@evil.example").await;

    refused(&answer, "evil.example");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("approve it") && detail.contains("provisioning scope"), "{detail}");
    acme.scim().get("/Users").await.assert_total(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_primary_address_is_an_invalid_value_in_every_workspace() {
    let stack = Stack::start().await;
    for workspace in [acme(&stack).await, stack.workspace("open").plan("Open").create().await] {
        let path = format!("/Users/{}", workspace.scim().created("grace@acme.example").await);
        for none in ["n/a", "none", "-", "ada@"] {
            let document = with_primary("ada@acme.example", none);
            let replace =
                json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": none }]);
            for answer in [
                workspace.scim().post("/Users", &document).await,
                workspace.scim().put(&path, &with_primary("grace@acme.example", none)).await,
                workspace.scim().patch(&path, replace).await,
            ] {
                answer.assert_scim_error(400, "is not an e-mail address").assert_scim_type("invalidValue");
            }
        }
        // A deactivation is accepted whatever else the request contains.
        let leave = json!([
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "n/a" },
            { "op": "Replace", "path": "active", "value": "False" },
        ]);
        workspace.scim().patch(&path, leave).await.assert_status(200).assert_at("/active", false);
        workspace.scim().get("/Users").await.assert_total(1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_approved_domains_are_accepted_however_the_domain_is_written() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;

    for user_name in [
        "ada@acme.example",
        "grace@ACME.Example",
        "zoë@bücher.example",
        "jürgen@BÜCHER.EXAMPLE",
        "max@xn--bcher-kva.example",
        "o'neill+tag@acme.example",
    ] {
        let created = acme.scim().create_user(user_name).await;
        created.assert_status(201).assert_at("/userName", user_name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spelling_of_a_user_name_bypasses_the_domain_policy() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;
    let path = format!("/Users/{}", acme.scim().created("ada@acme.example").await);

    for user_name in OUTSIDE {
        let document = with_primary(user_name, "eve@acme.example");
        refused(&acme.scim().post("/Users", &document).await, "");
        refused(&acme.scim().put(&path, &document).await, "");
        let rename = json!([{ "op": "Replace", "path": "userName", "value": user_name }]);
        refused(&acme.scim().patch(&path, rename).await, "");
        let rename = json!([{ "op": "replace", "value": { "userName": user_name } }]);
        refused(&acme.scim().patch(&path, rename).await, "");
    }

    acme.scim().get("/Users").await.assert_total(1);
    acme.scim().get(&path).await.assert_at("/userName", "ada@acme.example");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spelling_of_the_primary_address_bypasses_the_domain_policy() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;
    let path = format!("/Users/{}", acme.scim().created("ada@acme.example").await);

    for address in OUTSIDE {
        let refused = |answer: &Answer| {
            if address.starts_with('@') {
                answer.assert_scim_error(400, "is not an e-mail address");
            } else {
                refused(answer, "");
            }
        };
        refused(&acme.scim().post("/Users", &with_primary("eve@acme.example", address)).await);
        refused(&acme.scim().put(&path, &with_primary("ada@acme.example", address)).await);
        for operations in [
            json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": address }]),
            json!([{ "op": "replace", "path": "emails", "value": [{ "value": address, "primary": true }] }]),
            json!([{ "op": "add", "path": "emails", "value": [
                { "value": address, "type": "other", "primary": true }] }]),
            json!([{ "op": "replace", "value": { "emails": [{ "type": "work", "value": address }] } }]),
        ] {
            refused(&acme.scim().patch(&path, operations).await);
        }
    }

    acme.scim().get(&path).await.assert_at("/emails/0/value", "ada@acme.example");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secondary_addresses_are_not_checked() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;
    let mut document = user("ada@acme.example");
    document["emails"].as_array_mut().unwrap().push(json!({ "type": "home", "value": "ada@home.example" }));

    let path = acme.scim().post("/Users", &document).await.assert_status(201).path();
    let add = json!([{ "op": "add", "path": "emails", "value": [
        { "type": "other", "value": "ada@elsewhere.example" }] }]);
    acme.scim().patch(&path, add).await.assert_status(200);

    // The primary address decides: marking another one as primary changes the address.
    let mark = json!([{ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }]);
    refused(&acme.scim().patch(&path, mark).await, "home.example");
    // The same applies to removing the approved one.
    let remove = json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }]);
    refused(&acme.scim().patch(&path, remove).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_name_that_is_no_address_is_judged_by_the_primary_address() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;

    let path = acme.scim().post("/Users", &with_primary("ada", "ada@acme.example")).await.path();
    refused(&acme.scim().post("/Users", &with_primary("eve", "eve@evil.example")).await, "evil.example");
    refused(&acme.scim().post("/Users", &json!({ "userName": "nobody" })).await, "nobody");
    let rename = json!([{ "op": "replace", "path": "userName", "value": "ada.lovelace" }]);
    acme.scim().patch(&path, rename).await.assert_status(200);
    let remove = json!([{ "op": "remove", "path": "emails" }]);
    refused(&acme.scim().patch(&path, remove).await, "ada.lovelace");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_removed_domain_stay_and_cannot_come_back_or_be_renamed() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;
    let scim = acme.scim();
    let stays = format!("/Users/{}", scim.created("stays@acme.example").await);
    let leaves = format!("/Users/{}", scim.created("leaves@acme.example").await);
    let switch = |value: bool| json!([{ "op": "Replace", "path": "active", "value": value.to_string() }]);
    scim.patch(&leaves, switch(false)).await.assert_status(200);

    stack.operator().remove_domain(acme.id(), "acme.example").await.unwrap();

    let judged = async || scim.create_user("new@acme.example").await.status == 403;
    eventually(Duration::from_secs(3), "the removed domain is refused", judged).await;
    refused(&scim.patch(&leaves, switch(true)).await, "acme.example");
    let mut back = user("leaves@acme.example");
    back["active"] = json!(true);
    refused(&scim.put(&leaves, &back).await, "acme.example");
    let rename = json!([{ "op": "replace", "path": "userName", "value": "renamed@acme.example" }]);
    refused(&scim.patch(&stays, rename).await, "acme.example");
    // Changes that do not concern the domain are accepted, and so are deactivations.
    let title = json!([{ "op": "replace", "path": "title", "value": "Engineer" }]);
    scim.patch(&stays, title).await.assert_status(200).assert_at("/active", true);
    scim.patch(&stays, switch(false)).await.assert_status(200);
    scim.delete(&stays).await.assert_status(204);

    stack.operator().approve_domain(acme.id(), "acme.example", "").await.unwrap();
    let back_in = async || scim.patch(&leaves, switch(true)).await.status == 200;
    eventually(Duration::from_secs(3), "the approved domain is accepted", back_in).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_patch_changes_nothing_of_the_rest_of_it() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;
    let path = format!("/Users/{}", acme.scim().created("ada@acme.example").await);

    let operations = json!([
        { "op": "replace", "path": "title", "value": "Countess" },
        { "op": "replace", "path": "userName", "value": "ada@evil.example" },
    ]);
    refused(&acme.scim().patch(&path, operations).await, "evil.example");

    acme.scim().get(&path).await.assert_at("/title", Value::Null).assert_at("/meta/version", "W/\"1\"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn domains_are_each_workspaces_own_and_a_plan_may_not_enforce_them() {
    let stack = Stack::start().await;
    let acme = acme(&stack).await;
    let globex = stack.workspace("globex").create().await;
    let open = stack.workspace("open").plan("Open").domains(&[]).create().await;

    acme.scim().create_user("hank@globex.example").await.assert_status(403);
    globex.scim().create_user("hank@globex.example").await.assert_status(201);
    globex.scim().create_user("ada@acme.example").await.assert_status(403);
    open.scim().create_user("anybody@anywhere.example").await.assert_status(201);
    open.scim().post("/Users", &json!({ "userName": "nobody" })).await.assert_status(201);
}
