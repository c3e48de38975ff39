//! docs/scim-clients.md §0: the twelve things to get right first; `rate` has the eleventh.

use serde_json::json;

use super::given::{CORE, ENTERPRISE, MANAGER, ada, enterprise, named, of_ada, of_team, patched};
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    users().into_iter().chain(rest()).collect()
}

fn users() -> Vec<Row> {
    let work = r#"emails[type eq "work"].value"#;
    vec![
        row("1: a filter that matches nothing is 200 and empty")
            .get("/Users?filter=userName+eq+%227d420df3-0000-4000-8000-000000000000%22")
            .finds(&[])
            .at("/Resources", json!([]))
            .get("/Groups?filter=displayName+eq+%22nobody%22")
            .finds(&[]),
        of_ada("2: somebody inactive stays visible, somebody deleted does not")
            .patch("/Users/{ada}", json!([{ "op": "Replace", "path": "active", "value": "False" }]))
            .get("/Users/{ada}")
            .is(200)
            .at("/active", false)
            .find("userName eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"])
            .find("externalId eq \"Ada-1\"")
            .finds(&["ada@contoso.com"])
            .find("active eq false")
            .finds(&["ada@contoso.com"])
            .delete("/Users/{ada}")
            .is(204)
            .get("/Users/{ada}")
            .refused(404, "")
            .find("userName eq \"ada@contoso.com\"")
            .finds(&[])
            .get("/Users")
            .finds(&[]),
        patched(
            "3: verbose",
            json!([
                { "op": "Replace", "path": "displayName", "value": "x" },
                { "op": "Replace", "path": "name.givenName", "value": "y" },
            ]),
        )
        .at("/displayName", "x")
        .at("/name/givenName", "y"),
        patched(
            "3: compact",
            json!([{ "op": "replace", "value": { "displayName": "x", "name.givenName": "y" } }]),
        )
        .at("/displayName", "x")
        .at("/name/givenName", "y"),
        patched(
            "3: Okta's object without a path",
            json!([{ "op": "replace", "value": { "active": false } }]),
        )
        .at("/active", false),
        row("4: booleans as strings, in any case")
            .given(
                "a",
                "/Users",
                json!({ "userName": "a", "active": "True", "roles": [{ "value": "r", "primary": "True" }] }),
            )
            .at("/active", true)
            .at("/roles/0/primary", true)
            .given(
                "b",
                "/Users",
                json!({
                    "userName": "b", "active": "FALSE", "roles": [{ "value": "r", "primary": "false" }],
                }),
            )
            .at("/active", false)
            .find("roles[primary eq \"True\"]")
            .finds(&["a"])
            .find("active eq \"False\"")
            .finds(&["b"]),
        row("5: a value path creates what it does not find")
            .given("ada", "/Users", named("ada"))
            .patch("/Users/{ada}", json!([{ "op": "Add", "path": work, "value": "ada@contoso.com" }]))
            .at("/emails", json!([{ "type": "work", "value": "ada@contoso.com" }]))
            .given("bob", "/Users", named("bob"))
            .patch("/Users/{bob}", json!([{ "op": "Replace", "path": work, "value": "bob@contoso.com" }]))
            .at("/emails", json!([{ "type": "work", "value": "bob@contoso.com" }])),
    ]
}

fn rest() -> Vec<Row> {
    let manager = enterprise("manager/value");
    let clearing = |source, value: serde_json::Value| {
        patched(source, json!([{ "op": "Add", "path": MANAGER, "value": "26" }]))
            .at(enterprise("manager/value"), "26")
            .patch("/Users/{ada}", json!([{ "op": "Replace", "path": MANAGER, "value": value }]))
            .lacks(enterprise("manager"))
            .at(enterprise("department"), "Engines")
    };
    vec![
        of_team("6: members that are named for removal go, the others stay")
            .patch(
                "/Groups/{team}",
                json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "{bob}" }] }]),
            )
            .is(204)
            .get("/Groups/{team}")
            .members(&["ada"]),
        patched(
            "7: a manager as an object",
            json!([{ "op": "Add", "path": MANAGER, "value": { "value": "XYMKVVRYDIOO" } }]),
        )
        .at(&manager, "XYMKVVRYDIOO"),
        patched(
            "7: a manager in a list",
            json!([{ "op": "Add", "path": MANAGER, "value": [{ "value": "XYMKVVRYDIOO" }] }]),
        )
        .at(&manager, "XYMKVVRYDIOO"),
        patched(
            "7: a manager as a string",
            json!([{ "op": "Add", "path": MANAGER, "value": "XYMKVVRYDIOO" }]),
        )
        .at(&manager, "XYMKVVRYDIOO"),
        clearing("7: \"\" clears the manager", json!("")),
        clearing("7: {\"value\": \"\"} clears the manager", json!({ "value": "" })),
        patched("8: \"\" clears", json!([{ "op": "replace", "path": "title", "value": "" }])).lacks("/title"),
        patched("8: null clears", json!([{ "op": "replace", "path": "title", "value": null }]))
            .lacks("/title"),
        of_ada("9: userName is compared without case, externalId with it")
            .find("userName eq \"ADA@CONTOSO.COM\"")
            .finds(&["ada@contoso.com"])
            .find("externalId eq \"ADA-1\"")
            .finds(&[])
            .post("/Users", named("ADA@Contoso.com"))
            .refused(409, "uniqueness"),
        of_team("9: displayName of a group is compared without case")
            .find_groups("displayName eq \"TEAM\"")
            .finds(&["Team"])
            .post("/Groups", json!({ "displayName": "TEAM" }))
            .refused(409, "uniqueness"),
        row("10: /Schemas has canonical values of types, and what is required")
            .get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")
            .is(200)
            .holds("userName is required", |schema| attribute(&schema.body, "userName")["required"] == true)
            .holds("title is not", |schema| attribute(&schema.body, "title")["required"] == false)
            .holds("emails have work, home and other", |schema| {
                part(&schema.body, "emails", "type")["canonicalValues"] == json!(["work", "home", "other"])
            }),
        row("12: an extension that schemas does not name, one that is unknown, an unknown parameter")
            .post(
                "/Users?aadOptscim062020",
                json!({
                    "schemas": [CORE, "urn:example:unknown"], "userName": "a", ENTERPRISE: { "department": "d" },
                    "urn:example:unknown": { "x": 1 },
                }),
            )
            .is(201)
            .at(enterprise("department"), "d")
            .lacks("/urn:example:unknown"),
        row("12: a body without a content type").post("/Users", ada()).without("content-type").is(201),
    ]
}

pub(super) fn attribute<'a>(schema: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    named_so(&schema["attributes"], name)
}

pub(super) fn part<'a>(schema: &'a serde_json::Value, name: &str, part: &str) -> &'a serde_json::Value {
    named_so(&attribute(schema, name)["subAttributes"], part)
}

fn named_so<'a>(attributes: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let found = attributes.as_array().into_iter().flatten().find(|attribute| attribute["name"] == name);
    found.unwrap_or(&serde_json::Value::Null)
}
