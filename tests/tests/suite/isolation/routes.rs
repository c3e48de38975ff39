//! The table of SCIM routes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use usher_base::secret::ScimToken;
use usher_tests::scim::{Answer, ScimClient, user};
use usher_tests::stack::Stack;

use super::Scene;

/// The source of the gateway's router.
const ROUTER: &str = include_str!("../../../../services/gateway/src/router.rs");

/// A route: method, pattern as in the router, body.
struct Row {
    method: Method,
    pattern: &'static str,
    body: Option<Value>,
}

fn row(method: Method, pattern: &'static str, body: Option<Value>) -> Row {
    Row { method, pattern, body }
}

fn rows() -> Vec<Row> {
    let spy = || user("spy@acme.example");
    let spies = || json!({ "displayName": "Spies" });
    let search = || json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    let patch = |path: &str| json!({ "Operations": [{ "op": "replace", "path": path, "value": "Spy" }] });
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "POST", "path": "/Users", "bulkId": "1", "data": spy() }],
    });
    let mut rows = vec![
        row(Method::GET, "/", None),
        row(Method::POST, "/.search", Some(search())),
        row(Method::POST, "/Bulk", Some(bulk)),
        row(Method::GET, "/ServiceProviderConfig", None),
        row(Method::GET, "/ResourceTypes", None),
        row(Method::GET, "/ResourceTypes/{id}", None),
        row(Method::GET, "/Schemas", None),
        row(Method::GET, "/Schemas/{urn}", None),
    ];
    rows.extend(KINDS.into_iter().flat_map(|[collection, search_path, one]| {
        let (document, name) =
            if collection == "/Users" { (spy(), "title") } else { (spies(), "externalId") };
        [
            row(Method::GET, collection, None),
            row(Method::POST, collection, Some(document.clone())),
            row(Method::POST, search_path, Some(search())),
            row(Method::GET, one, None),
            row(Method::PUT, one, Some(document)),
            row(Method::PATCH, one, Some(patch(name))),
            row(Method::DELETE, one, None),
        ]
    }));
    rows.extend(
        [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
            .map(|method| row(method, "/Me", None)),
    );
    rows
}

/// Patterns of the collections, their searches and their resources.
const KINDS: [[&str; 3]; 2] =
    [["/Users", "/Users/.search", "/Users/{id}"], ["/Groups", "/Groups/.search", "/Groups/{id}"]];

/// The patterns of the router.
fn routed() -> BTreeSet<&'static str> {
    let routes = ROUTER.split("fn routes()").nth(1).unwrap().split("\n}\n").next().unwrap();
    routes.split("(\"").skip(1).map(|route| route.split('"').next().unwrap()).collect()
}

async fn send(client: &ScimClient, row: &Row, id: &str) -> Answer {
    let path = row.pattern.replace("{id}", id).replace("{urn}", id);
    let request = match &row.body {
        Some(body) => client.with_body(row.method.clone(), &path, body),
        None => client.request(row.method.clone(), &path),
    };
    client.send(request).await
}

/// What a client learns, without the parts that differ per request.
fn learnt(answer: &Answer, id: &str) -> (u16, Value, Option<String>) {
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    let detail = detail.split(" (request").next().unwrap_or_default().replace(id, "…");
    (answer.status.as_u16(), json!(detail), answer.header("www-authenticate").map(str::to_owned))
}

/// The router's source lists the patterns; the gateway reports the methods of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_has_a_row() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let patterns = routed();
    assert!(patterns.len() >= 10, "the router was not read: {patterns:?}");

    let mut served = BTreeSet::new();
    for pattern in patterns {
        let path = pattern.replace("{id}", "1").replace("{urn}", "1");
        let answer = acme.scim().send(acme.scim().request(Method::OPTIONS, &path)).await;
        let allowed = answer.header("allow").unwrap_or_else(|| panic!("{pattern}: {answer:?}")).to_owned();
        for method in allowed.split(',').map(str::trim).filter(|method| !["HEAD", "OPTIONS"].contains(method))
        {
            served.insert((method.to_owned(), pattern));
        }
    }

    let known: BTreeSet<_> = rows().iter().map(|row| (row.method.to_string(), row.pattern)).collect();
    assert_eq!(served, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_another_workspaces_url_a_token_is_like_an_unknown_one() {
    let scene = Scene::set().await;
    let before = scene.victim_state().await;
    let strange = scene.globex.scim().with_token(scene.acme.scim().token());
    let unknown = scene.globex.scim().with_token(ScimToken::generate().expose());
    let nobody = scene.globex.scim().with_token("");

    for row in rows() {
        let id = &scene.victim.user;
        let answers = [send(&strange, &row, id).await, send(&unknown, &row, id).await];
        answers[0].assert_scim_error(401, "token");
        assert_eq!(learnt(&answers[0], id), learnt(&answers[1], id), "{}", row.pattern);
        let missing = send(&nobody, &row, id).await;
        missing.assert_scim_error(401, "");
        assert!(missing.header("www-authenticate").is_some(), "{}", row.pattern);
    }

    assert_eq!(scene.victim_state().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_workspaces_resource_is_as_absent_as_one_that_never_was() {
    let scene = Scene::set().await;
    let before = scene.victim_state().await;
    let acme = scene.acme.scim();

    for row in rows() {
        let theirs = match row.pattern {
            "/Users/{id}" => &scene.victim.user,
            "/Groups/{id}" => &scene.victim.group,
            _ => continue,
        };
        let none = uuid::Uuid::new_v4().to_string();
        let there = send(acme, &row, theirs).await;
        there.assert_scim_error(404, "");
        let absent = send(acme, &row, &none).await;
        assert_eq!(learnt(&there, theirs), learnt(&absent, &none), "{} {}", row.method, row.pattern);
    }
    for path in [format!("/Users/{}", scene.victim.user), format!("/Groups/{}", scene.victim.group)] {
        let bulk = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{ "method": "DELETE", "path": path }],
        });
        acme.post("/Bulk", &bulk).await.assert_status(200).assert_at("/Operations/0/status", "404");
    }
    // A member of another workspace does not exist.
    let spies = json!({ "displayName": "Spies", "members": [{ "value": scene.victim.user }] });
    acme.post("/Groups", &spies).await.assert_scim_error(400, "");
    let globex = scene.globex.scim().everybody().await;
    for user in globex {
        for name in ["id", "userName"] {
            let filter = format!("{name} eq \"{}\"", user[name].as_str().unwrap());
            acme.filter(&filter).await.assert_total(0);
        }
    }
    let everybody = acme.everybody().await;
    assert!(everybody.iter().all(|user| user["userName"].as_str().unwrap().ends_with("@acme.example")));

    assert_eq!(scene.victim_state().await, before);
}
