//! docs/scim-lessons.md §4, 32 to 39: mistaken identity across workspaces.

use serde_json::json;
use usher_dialects::given::ada;
use usher_tests::stack::Stack;

/// docs/scim-lessons.md §4, 32 (tale#2036): the users of another workspace do not exist here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_workspaces_person_is_neither_taken_nor_found_and_its_cursor_is_none() {
    let stack = Stack::start().await;
    let contoso = stack.workspace("contoso").plan("Open").create().await;
    let fabrikam = stack.workspace("fabrikam").plan("Open").create().await;
    let theirs = contoso.scim().post("/Users", &ada()).await;
    contoso.scim().created("bob@contoso.com").await;
    let mut same = ada();
    same["displayName"] = json!("Mallory");

    let ours = fabrikam.scim().post("/Users", &same).await;

    assert_ne!(ours.assert_status(201).id(), theirs.assert_status(201).id());
    contoso.scim().get(&theirs.path()).await.assert_at("/displayName", "Ada Lovelace");
    fabrikam.scim().get(&theirs.path()).await.assert_scim_error(404, "");
    fabrikam.scim().filter(&format!("id eq \"{}\"", theirs.id())).await.assert_total(0);
    let page = contoso.scim().get("/Users?cursor&count=1").await;
    let next = page.body["nextCursor"].as_str().unwrap();
    let refused = fabrikam.scim().get(&format!("/Users?cursor={next}&count=1")).await;
    refused.assert_scim_error(400, "cursor").assert_scim_type("invalidCursor");
}
