//! Attributes that people fill in inside the product, and what an identity provider then does to them.

use serde_json::json;
use usher_tests::scim::user;
use usher_tests::stack::Stack;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attributes_that_the_client_omits_stay() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created("ada@acme.example").await;
    let path = format!("/Users/{id}");

    // Filled in by people inside the product.
    let filled = json!([
        { "op": "add", "path": "phoneNumbers[type eq \"home\"].value", "value": "555" },
        { "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Engines" },
        { "op": "add", "path": "emails", "value": [{ "type": "other", "value": "ada@love.example" }] },
    ]);
    stack.operator().patch_user(acme.id(), &id, &filled).await.unwrap();
    let mut sent = user("ada@acme.example");
    sent["title"] = json!("Countess");
    let written = acme.scim().put(&path, &sent).await;
    acme.scim()
        .patch(&path, json!([{ "op": "Add", "path": "displayName", "value": "Ada" }]))
        .await
        .assert_status(200);

    written.assert_status(200).assert_at("/title", "Countess");
    let read = acme.scim().get(&path).await;
    read.assert_at("/phoneNumbers/0/value", "555").assert_at(&format!("/{ENTERPRISE}/department"), "Engines");
    let provenance = stack.operator().provenance(acme.id(), &id).await.unwrap();
    let origin =
        |path: &str| provenance.iter().find(|(name, _)| name.starts_with(path)).map(|(_, by)| by.as_str());
    assert_eq!(origin("title"), Some("idp"), "{provenance:?}");
    assert_eq!(origin("displayName"), Some("idp"), "{provenance:?}");
    assert_eq!(origin("phoneNumbers"), Some("admin"), "{provenance:?}");
    assert_eq!(origin(&format!("{ENTERPRISE}:department")), Some("admin"), "{provenance:?}");
    assert_eq!(origin("active"), Some("default"), "{provenance:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secondary_addresses_of_the_product_survive_a_sync_of_the_work_address() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created("ada@acme.example").await;
    let path = format!("/Users/{id}");
    let other =
        json!([{ "op": "add", "path": "emails", "value": [{ "type": "other", "value": "a@love.example" }] }]);
    stack.operator().patch_user(acme.id(), &id, &other).await.unwrap();

    let sync =
        json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "al@acme.example" }]);
    let synced = acme.scim().patch(&path, sync).await;

    let values: Vec<_> = synced.assert_status(200).body["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|email| &email["value"])
        .collect();
    assert_eq!(values, ["al@acme.example", "a@love.example"]);
}
