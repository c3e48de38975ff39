//! Returning people, as identity providers send them: from the operator's command through the token check and the
//! gateway to the user who is reactivated or not.

use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::process::Command;
use usher_tests::stack::processes::program;
use usher_tests::stack::{Stack, Workspace};

/// Runs `usher admin app update --external-id …`.
async fn declare(stack: &Stack, app: &str, external_id: &str) {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), stack.demo().to_string()).unwrap();
    let mut command = Command::new(program());
    command.args(["admin", "--demo"]).arg(file.path());
    command.args(["app", "update", "--workspace", "acme", app, "--external-id", external_id]);
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn person(user_name: &str, email: &str) -> Value {
    json!({
        "userName": user_name, "externalId": "jsmith", "active": true,
        "emails": [{ "type": "work", "primary": true, "value": email }],
    })
}

/// The id of the user that a POST creates or reactivates.
async fn posted(acme: &Workspace, body: &Value) -> String {
    let answer = acme.scim().post("/Users", body).await;
    answer.assert_status(201);
    assert_eq!(answer.body["active"], true, "{}", answer.text);
    answer.body["id"].as_str().unwrap().to_owned()
}

async fn leave(acme: &Workspace, id: &str) {
    let leaves = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let answer = acme.scim().patch(&format!("/Users/{id}"), leaves).await;
    assert!([200, 204].contains(&answer.status.as_u16()), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_with_a_recycled_external_id_reactivates_only_a_user_whose_name_or_primary_address_matches_unless_it_is_stable()
 {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let (john, jane) = ("john@acme.example", "jane@acme.example");
    let first = posted(&acme, &person("john.smith@acme.example", john)).await;
    leave(&acme, &first).await;

    // A different person who got the same id.
    let second = posted(&acme, &person("jane.smith@acme.example", jane)).await;
    assert_ne!(second, first);
    assert_eq!(acme.scim().get(&format!("/Users/{first}")).await.body["active"], false);
    acme.scim().delete(&format!("/Users/{second}")).await.assert_status(204);

    // The same person, by the primary address and then by the name.
    assert_eq!(posted(&acme, &person("j.smith@acme.example", "JOHN@acme.example")).await, first);
    leave(&acme, &first).await;
    assert_eq!(posted(&acme, &person("J.Smith@acme.example", jane)).await, first);
    leave(&acme, &first).await;

    // By the id alone, while the app declares that its ids are stable.
    declare(&stack, acme.app(), "stable").await;
    let married = person("john.miller@acme.example", "miller@acme.example");
    assert_eq!(posted(&acme, &married).await, first);
    leave(&acme, &first).await;
    declare(&stack, acme.app(), "reassignable").await;
    assert_ne!(posted(&acme, &person("jim.smith@acme.example", "jim@acme.example")).await, first);
    acme.settle().await;
    assert_eq!(acme.seats().await.regular, 1);
}
