//! docs/scim-clients.md §4.2 to §4.5, and what clients other than Entra need the server to tolerate.

use http::Method;
use serde_json::json;

use super::given::{CORE, ada, enterprise, of_ada};
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    [others(), tolerance()].into_iter().flatten().collect()
}

fn others() -> Vec<Row> {
    vec![
        row("4.2 JumpCloud: a user and a group are made and deleted as a test")
            .given(
                "test",
                "/Users",
                json!({
                    "userName": "test.jumpcloud@contoso.com",
                    "emails": [{ "value": "test.jumpcloud@contoso.com" }],
                }),
            )
            .given("group", "/Groups", json!({ "displayName": "jumpcloud-test" }))
            .patch(
                "/Groups/{group}",
                json!([{ "op": "Add", "path": "members", "value": [{ "value": "{test}" }] }]),
            )
            .patch(
                "/Groups/{group}",
                json!([{ "op": "Remove", "path": "members", "value": [{ "value": "{test}" }] }]),
            )
            .delete("/Users/{test}")
            .is(204)
            .delete("/Groups/{group}")
            .is(204)
            .given("again", "/Users", json!({ "userName": "test.jumpcloud@contoso.com" }))
            .holds("ids are texts", |user| user.body["id"].is_string()),
        row("4.3 Ping: somebody disabled is made, and enabled again")
            .given("u", "/Users", json!({ "userName": "u", "active": false }))
            .at("/active", false)
            .patch("/Users/{u}", json!([{ "op": "replace", "path": "active", "value": true }]))
            .at("/active", true),
        of_ada("4.3 Ping: any attribute identifies")
            .find("displayName eq \"Ada Lovelace\"")
            .finds(&["ada@contoso.com"]),
        row("4.4 Google: /Users?count=1").get("/Users?count=1").finds(&[]),
        row("4.5 OneLogin: a template of the admin's puts attributes anywhere")
            .post(
                "/Users",
                json!({
                    "schemas": [CORE], "userName": "u", "department": "D", "manager": "26",
                    "favourite": { "colour": "red" },
                }),
            )
            .is(201)
            .at(enterprise("department"), "D"),
    ]
}

fn tolerance() -> Vec<Row> {
    vec![
        of_ada("PUT with read-only and unknown attributes")
            .put(
                "/Users/{ada}",
                json!({
                    "id": "other", "userName": "ada@contoso.com", "groups": [{ "value": "x" }],
                    "meta": { "version": "x" }, "nope": 1,
                }),
            )
            .is(200)
            .at("/id", "{ada}")
            .lacks("/groups"),
        row("POST with password and groups")
            .post("/Users", json!({ "userName": "u", "password": "x", "groups": [{ "value": "g" }] }))
            .is(201)
            .lacks("/password")
            .lacks("/groups"),
        row("POST of active: false")
            .post("/Users", json!({ "userName": "u", "active": false }))
            .is(201)
            .at("/active", false),
        of_ada("startIndex and count on every filter")
            .get("/Users?filter=active eq true&startIndex=1&count=1")
            .finds(&["ada@contoso.com"])
            .get("/Users?filter=active eq true&startIndex=2&count=1")
            .at("/totalResults", 1)
            .at("/itemsPerPage", 0),
        of_ada("a path-less PATCH with id")
            .patch("/Users/{ada}", json!([{ "op": "replace", "value": { "id": "{ada}", "title": "T" } }]))
            .at("/title", "T"),
        row("a probe that creates and deletes")
            .given("u", "/Users", ada())
            .delete("/Users/{u}")
            .is(204)
            .given("v", "/Users", ada()),
        of_ada("HEAD and OPTIONS do no harm")
            .head("/Users/{ada}")
            .is(200)
            .holds("it is empty", |answer| answer.text.is_empty())
            .options("/Users")
            .is(204)
            .header("allow", "POST")
            .get("/Users/{ada}")
            .is(200),
        row("other methods are refused with what is possible")
            .send(Method::PUT, "/Users", "{}")
            .refused(405, "")
            .header("allow", "POST"),
    ]
}
