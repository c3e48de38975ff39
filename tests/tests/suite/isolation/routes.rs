//! The table of SCIM routes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use usher_base::secret::ScimToken;
use usher_tests::scim::{Answer, ScimClient, user};

use super::Scene;

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
    let search = || json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    let patch = json!({ "Operations": [{ "op": "replace", "path": "title", "value": "Spy" }] });
    let spies = || json!({ "displayName": "Spies" });
    let emptied = json!({ "Operations": [{ "op": "remove", "path": "members" }] });
    let bulk =
        json!({ "Operations": [{ "method": "POST", "path": "/Users", "bulkId": "1", "data": spy() }] });
    vec![
        row(Method::GET, "/", None),
        row(Method::POST, "/.search", Some(search())),
        row(Method::GET, "/Users", None),
        row(Method::POST, "/Users", Some(spy())),
        row(Method::POST, "/Users/.search", Some(search())),
        row(Method::GET, "/Users/{id}", None),
        row(Method::PUT, "/Users/{id}", Some(spy())),
        row(Method::PATCH, "/Users/{id}", Some(patch)),
        row(Method::DELETE, "/Users/{id}", None),
        row(Method::GET, "/ServiceProviderConfig", None),
        row(Method::GET, "/ResourceTypes", None),
        row(Method::GET, "/ResourceTypes/{id}", None),
        row(Method::GET, "/Schemas", None),
        row(Method::GET, "/Schemas/{urn}", None),
        row(Method::GET, "/Groups", None),
        row(Method::POST, "/Groups", Some(spies())),
        row(Method::POST, "/Groups/.search", Some(search())),
        row(Method::GET, "/Groups/{id}", None),
        row(Method::PUT, "/Groups/{id}", Some(spies())),
        row(Method::PATCH, "/Groups/{id}", Some(emptied)),
        row(Method::DELETE, "/Groups/{id}", None),
        row(Method::POST, "/Bulk", Some(bulk)),
        row(Method::GET, "/Me", None),
        row(Method::POST, "/Me", Some(spy())),
        row(Method::PUT, "/Me", Some(spy())),
        row(Method::PATCH, "/Me", None),
        row(Method::DELETE, "/Me", None),
    ]
}

/// The id that a row is about.
fn target<'a>(row: &Row, user: &'a str, group: &'a str) -> &'a str {
    if row.pattern.starts_with("/Groups") { group } else { user }
}

async fn send(client: &ScimClient, row: &Row, id: &str) -> Answer {
    let path = row.pattern.replace("{id}", id).replace("{urn}", id);
    let request = match &row.body {
        Some(body) => client.with_body(row.method.clone(), &path, body),
        None => client.request(row.method.clone(), &path),
    };
    client.send(request).await
}

/// What a client learns, without what is each request's own.
fn learnt(answer: &Answer, id: &str) -> (u16, Value, Option<String>) {
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    let detail = detail.split(" (request").next().unwrap_or_default().replace(id, "…");
    (answer.status.as_u16(), json!(detail), answer.header("www-authenticate").map(str::to_owned))
}

#[test]
fn every_route_has_a_row() {
    let known: BTreeSet<_> =
        rows().iter().map(|row| (row.method.to_string(), row.pattern.to_owned())).collect();

    // The gateway's own tests compare this list with its router.
    let served: BTreeSet<_> =
        usher_gateway::operations().map(|(method, path)| (method, path.to_owned())).collect();
    assert_eq!(served, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_another_workspaces_url_a_token_is_as_good_as_an_unknown_one() {
    let scene = Scene::set().await;
    let before = scene.victim_state().await;
    let strange = scene.globex.scim().with_token(scene.acme.scim().token());
    let unknown = scene.globex.scim().with_token(ScimToken::generate().expose());
    let nobody = scene.globex.scim().with_token("");

    for row in rows() {
        let id = target(&row, &scene.victim.user, &scene.victim.group);
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

    for row in rows().into_iter().filter(|row| ["/Users/{id}", "/Groups/{id}"].contains(&row.pattern)) {
        let theirs = target(&row, &scene.victim.user, &scene.victim.group);
        let none = uuid::Uuid::new_v4().to_string();
        let there = send(acme, &row, theirs).await;
        there.assert_scim_error(404, "");
        let absent = send(acme, &row, &none).await;
        assert_eq!(learnt(&there, theirs), learnt(&absent, &none), "{}", row.pattern);
    }
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
