//! docs/scim-lessons.md §1: the rules of PATCH that follow from public issue trackers.

use serde_json::{Value, json};

use super::given::{CORE, ENTERPRISE, MANAGER, USHER, enterprise, of_ada, patched, regrouped};
use super::row::{Request, Row, row};

const WORK: &str = "emails[type eq \"work\"].value";

pub(super) fn rows() -> Vec<Row> {
    let gone =
        |source, value: Value| patched(source, json!([{ "op": "replace", "path": MANAGER, "value": value }]));
    vec![
        patched(
            "contract: replace name {familyName} merges",
            json!([{ "op": "replace", "path": "name", "value": { "familyName": "L" } }]),
        )
        .at("/name/givenName", "Ada"),
        regrouped(
            "contract: replace members null",
            json!([{ "op": "replace", "path": "members", "value": null }]),
        )
        .members(&[]),
        regrouped(
            "contract: replace members []",
            json!([{ "op": "replace", "path": "members", "value": [] }]),
        )
        .members(&[]),
        patched(
            "contract: a value path with null",
            json!([{ "op": "replace", "path": WORK, "value": null }]),
        )
        .at("/emails/0/type", "home")
        .has("/emails", 1),
        patched("contract: a value path with \"\"", json!([{ "op": "replace", "path": WORK, "value": "" }]))
            .has("/emails", 1),
        gone("contract: manager null", Value::Null).lacks(enterprise("manager")),
        gone("contract: manager \"\"", json!("")).lacks(enterprise("manager")),
        gone("contract: manager {\"value\":\"\"}", json!({ "value": "" })).lacks(enterprise("manager")),
        row("contract: schemas names no extension that is empty")
            .given("u", "/Users", json!({ "userName": "u", ENTERPRISE: { "manager": "26" } }))
            .patch("/Users/{u}", json!([{ "op": "replace", "path": MANAGER, "value": "" }]))
            .at("/schemas", json!([CORE, USHER]))
            .lacks(format!("/{ENTERPRISE}")),
        patched(
            "contract: required attributes are not cleared",
            json!([{ "op": "replace", "path": "userName", "value": null }]),
        )
        .refused(400, "invalidValue"),
        patched(
            "contract: read-only ones are not written",
            json!([{ "op": "replace", "path": "id", "value": "x" }]),
        )
        .refused(400, "mutability"),
        regrouped(
            "contract: remove members with a list",
            json!([{ "op": "remove", "path": "members", "value": [{ "value": "{ada}" }] }]),
        )
        .members(&["bob"]),
        regrouped("contract: remove members", json!([{ "op": "remove", "path": "members" }])).members(&[]),
        patched(
            "contract: add of one value replaces it",
            json!([{ "op": "add", "path": "title", "value": "T" }]),
        )
        .at("/title", "T"),
        patched(
            "contract: add of a list is a union by value",
            json!([
                {
                    "op": "add", "path": "emails",
                    "value": [{ "value": "ada@home.example" }, { "type": "other", "value": "o@x.example" }],
                },
            ]),
        )
        .has("/emails", 3)
        .at("/emails/2/value", "o@x.example"),
        patched(
            "contract: add without a path goes key by key",
            json!([{ "op": "add", "value": { "title": "T", "name.familyName": "L" } }]),
        )
        .at("/title", "T")
        .at("/name/familyName", "L")
        .at("/name/givenName", "Ada"),
        of_ada("contract: two PATCHes at once lose nothing")
            .together(
                ["title", "nickName", "displayName"]
                    .map(|name| {
                        Request::patch(
                            "/Users/{ada}",
                            json!([{ "op": "replace", "path": name, "value": name }]),
                        )
                    })
                    .into(),
                &[200, 200, 200],
            )
            .get("/Users/{ada}")
            .at("/title", "title")
            .at("/nickName", "nickName")
            .at("/displayName", "displayName"),
    ]
}
