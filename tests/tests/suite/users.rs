//! Users over SCIM, from creation to deletion. `reference` contains what clients are known to send.

use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::scim::{PATCH_SCHEMA, user};
use usher_tests::stack::Stack;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";

/// A user with a value in every kind of place.
fn ada() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": "Ada-1",
        "userName": "Ada@acme.example",
        "name": { "givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace" },
        "displayName": "Ada Lovelace",
        "title": "Countess",
        "active": true,
        "emails": [
            { "type": "work", "primary": true, "value": "ada@acme.example" },
            { "type": "home", "value": "ada@home.example" },
        ],
        "phoneNumbers": [{ "type": "work", "value": "+44 (0)20 555-01;ext=7" }],
        ENTERPRISE: { "department": "Engines", "employeeNumber": "0042", "organization": "Acme" },
        USHER: { "userType": "External" },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_created_user_comes_back_as_it_was_sent() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;

    let created = acme.scim().post("/Users", &ada()).await;

    created.assert_status(201).assert_media_type();
    for (name, sent) in ada().as_object().unwrap().iter().filter(|(name, _)| *name != "schemas") {
        assert_eq!(&created.body[name], sent, "{name}");
    }
    created.assert_at("/meta/version", created.etag()).assert_at("/meta/resourceType", "User");
    let location = created.header("location").unwrap();
    assert_eq!(location, format!("{}{}", acme.scim().base(), created.path()));
    assert_eq!(created.body["meta"]["location"], location);
    assert!(created.body["schemas"].as_array().unwrap().contains(&json!(USHER)));

    let read = acme.scim().get(&created.path()).await;
    assert_eq!(read.assert_status(200).body, created.body);
    assert_eq!(read.etag(), created.etag());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_user_is_gone_on_every_path_and_its_id_is_never_used_again() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let path = scim.post("/Users", &ada()).await.path();

    scim.delete(&path).await.assert_status(204);
    scim.get(&path).await.assert_scim_error(404, "");
    scim.delete(&path).await.assert_scim_error(404, "");
    scim.patch(&path, json!([{ "op": "replace", "path": "title", "value": "x" }])).await.assert_status(404);
    scim.put(&path, &ada()).await.assert_status(404);
    scim.filter("userName eq \"ada@acme.example\"").await.assert_total(0);
    scim.filter("externalId eq \"Ada-1\"").await.assert_total(0);

    let again = scim.post("/Users", &ada()).await;
    again.assert_status(201);
    assert_ne!(again.path(), path, "ids are never used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_patch_dialects_write_the_same() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let urn = |name: &str| format!("{ENTERPRISE}:{name}");
    let legacy = json!([
        { "op": "Add", "path": "nickName", "value": "Countess" },
        { "op": "Replace", "path": "displayName", "value": "A. L." },
        { "op": "Replace", "path": "name.familyName", "value": "King" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@acme.example" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "07" },
        { "op": "Replace", "path": urn("department"), "value": "Poetry" },
        { "op": "Add", "path": urn("manager"), "value": [{ "$ref": null, "value": "m1" }] },
        { "op": "Replace", "path": format!("{USHER}:userType"), "value": "Collaborator" },
        { "op": "Replace", "path": "active", "value": "False" },
    ]);
    let mut rest = json!({
        "nickName": "Countess", "displayName": "A. L.", "name.familyName": "King",
        urn("department"): "Poetry", urn("manager"): "m1",
    });
    rest[format!("{USHER}:userType")] = json!("Collaborator");
    let fixed = json!([
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@acme.example" },
        { "op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "07" },
        { "op": "replace", "value": rest },
        { "op": "replace", "path": "active", "value": false },
    ]);

    let mut written = Vec::new();
    for operations in [legacy, fixed] {
        let path = scim.post("/Users", &ada()).await.assert_status(201).path();
        let mut answer = scim.patch(&path, operations).await.assert_status(200).body.clone();
        for own in ["id", "meta"] {
            answer.as_object_mut().unwrap().remove(own);
        }
        written.push(answer);
        scim.delete(&path).await.assert_status(204);
    }

    assert_eq!(written[0], written[1]);
    assert_eq!(
        written[0]["name"],
        json!({ "givenName": "Ada", "familyName": "King", "formatted": "Ada Lovelace" })
    );
    assert_eq!(written[0][ENTERPRISE]["manager"]["value"], "m1");
    assert_eq!(written[0]["emails"][1]["value"], "ada@home.example");
    assert_eq!(written[0]["phoneNumbers"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etags_distinguish_versions() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let created = scim.post("/Users", &ada()).await;
    let (path, first) = (created.path(), created.etag());
    let body = |title: &str| json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "title", "value": title }] });
    let write = async |title: &str, etag: &str| {
        scim.send(scim.with_body(Method::PATCH, &path, &body(title)).header("if-match", etag)).await
    };

    let second = write("one", &first).await.assert_status(200).etag();
    assert_ne!(first, second);
    write("two", &first).await.assert_scim_error(412, "");
    scim.send(scim.request(Method::DELETE, &path).header("if-match", &first)).await.assert_status(412);
    scim.send(scim.with_body(Method::PUT, &path, &ada()).header("if-match", &first)).await.assert_status(412);
    write("one", &second).await.assert_status(200).assert_at("/meta/version", second.as_str());
    let unchanged = scim.send(scim.request(Method::GET, &path).header("if-none-match", &second)).await;
    assert!(unchanged.assert_status(304).text.is_empty());
    scim.send(scim.request(Method::GET, &path).header("if-none-match", &first)).await.assert_status(200);
    write("three", "*").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_user_name_is_409_uniqueness_on_every_path() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    scim.created("ada@acme.example").await;
    let path = format!("/Users/{}", scim.created("bob@acme.example").await);

    let rename = json!([{ "op": "replace", "value": { "userName": "ADA@acme.example" } }]);
    for answer in [
        scim.create_user("Ada@ACME.example").await,
        scim.put(&path, &user("ada@acme.example")).await,
        scim.patch(&path, rename).await,
    ] {
        answer.assert_scim_error(409, "userName").assert_scim_type("uniqueness");
    }
    let same = json!([{ "op": "replace", "path": "userName", "value": "BOB@acme.example" }]);
    scim.patch(&path, same).await.assert_status(200).assert_at("/userName", "BOB@acme.example");
}
