//! Attackers with a token, and useless values.

use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::scim::{PATCH_SCHEMA, encode, user, user_of_type};
use usher_tests::stack::Workspace;

use crate::attack::{Answers, flood};
use crate::siege::Siege;

/// Repeats requests of a workspace from a few clients.
async fn repeat(workspace: &Workspace, answers: &Answers, requests: &[(Method, String, Option<Value>)]) {
    let client = workspace.scim();
    flood(8, async |number| {
        let (method, path, body) = &requests[usize::try_from(number).unwrap() % requests.len()];
        let request = match body {
            Some(body) => client.with_body(method.clone(), path, body),
            None => client.request(method.clone(), path),
        };
        answers.take_in(client.try_send(request)).await;
    })
    .await;
}

/// The statuses for a request that asks for too much.
const REFUSED: [&str; 5] = ["400", "413", "414", "429", "431"];

/// Names and paths that once exceeded the header limit of an answer, and broke a shared connection.
pub(crate) async fn huge_names(siege: &Siege) {
    let loud = siege.attacker("huge").await;
    let person = format!("/Users/{}", loud.scim().created(&loud.address("ada")).await);
    let huge = "x".repeat(20_000);
    let patch = |operation: Value| Some(json!({ "schemas": [PATCH_SCHEMA], "Operations": [operation] }));

    let answers = Answers::default();
    let requests = [
        (Method::GET, format!("/Users?sortBy={huge}"), None),
        (Method::GET, format!("/Users?filter={}", encode(&format!("{huge} eq 1"))), None),
        (Method::PATCH, person.clone(), patch(json!({ "op": "add", "path": huge, "value": "1" }))),
        (Method::PATCH, person.clone(), patch(json!({ "op": huge, "path": "title", "value": "1" }))),
        (Method::POST, "/Users".to_owned(), Some(user_of_type(&loud.address("eve"), &huge))),
    ];
    siege.withstands("huge names and paths", repeat(&loud, &answers, &requests)).await;
    answers.assert_only("huge names and paths", &REFUSED);
}

/// Work that once grew faster than the request.
pub(crate) async fn costly_work(siege: &Siege) {
    let loud = siege.attacker("references").await;
    let answers = Answers::default();
    let operation = json!({
        "method": "POST", "path": "/Users", "bulkId": "a",
        "data": { "userName": loud.address("b"), "title": "bulkId:a ".repeat(700_000 / 9) },
    });
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
    let bulk = json!({ "schemas": schemas, "Operations": [operation] });
    let requests = [(Method::POST, "/Bulk".to_owned(), Some(bulk))];
    siege.withstands("bulks of repeated references", repeat(&loud, &answers, &requests)).await;
    answers.assert_never("bulks of repeated references", &["500", "503"]);

    let loud = siege.attacker("patches").await;
    let person = format!("/Users/{}", loud.scim().created(&loud.address("ada")).await);
    let answers = Answers::default();
    let operations: Vec<Value> = (0..800)
        .map(|number| json!({ "op": "add", "path": format!("emails[value eq \"{number}\"].type"), "value": "work" }))
        .collect();
    let patch = json!({ "schemas": [PATCH_SCHEMA], "Operations": operations });
    let large: Vec<Value> = (0..5_000)
        .map(|number| json!({ "value": loud.address(&format!("{number}")), "type": format!("t{number}") }))
        .collect();
    let mut document = user(&loud.address("large"));
    document["emails"] = Value::Array(large);
    let requests =
        [(Method::PATCH, person, Some(patch)), (Method::POST, "/Users".to_owned(), Some(document))];
    siege.withstands("PATCHes of many operations", repeat(&loud, &answers, &requests)).await;
    answers.assert_never("PATCHes of many operations", &["500", "503"]);

    let loud = siege.attacker("filters").await;
    let answers = Answers::default();
    let deep = format!("{}title eq \"x\"{}", "(".repeat(500), ")".repeat(500));
    let long = vec!["title eq \"x\""; 300].join(" or ");
    let requests =
        [deep, long].map(|filter| (Method::GET, format!("/Users?filter={}", encode(&filter)), None));
    siege.withstands("long and deep filters", repeat(&loud, &answers, &requests)).await;
    answers.assert_only("long and deep filters", &REFUSED);
}
