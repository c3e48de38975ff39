//! docs/scim-clients.md §2.3: Microsoft's checks for its app gallery in 2026, named after its tests.

use serde_json::{Value, json};

use super::checklist::{attribute, part};
use super::default_attributes::{
    anew, as_generated, compact, generated, of_ford, of_nobody_much, verbose, written,
};
use super::given::{ENTERPRISE, MANAGER, enterprise, of_team};
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("Schema_Discoverability: types with canonical values, required attributes, both resources")
            .get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")
            .is(200)
            .holds("emails", |schema| {
                part(&schema.body, "emails", "type")["canonicalValues"] == json!(["work", "home", "other"])
            })
            .holds("addresses", |schema| {
                part(&schema.body, "addresses", "type")["canonicalValues"] == json!(["work", "home", "other"])
            })
            .holds("phoneNumbers", |schema| {
                let kinds = &part(&schema.body, "phoneNumbers", "type")["canonicalValues"];
                ["work", "mobile", "fax"]
                    .iter()
                    .all(|kind| kinds.as_array().is_some_and(|kinds| kinds.contains(&json!(kind))))
            })
            .holds("roles have none, so that they are roles[primary eq \"True\"]", |schema| {
                part(&schema.body, "roles", "type")["canonicalValues"].is_null()
            })
            .holds("userName is required", |schema| attribute(&schema.body, "userName")["required"] == true)
            .get("/Schemas/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")
            .holds("manager", |schema| attribute(&schema.body, "manager")["type"] == "complex")
            .get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group")
            .is(200)
            .holds("members", |schema| attribute(&schema.body, "members")["multiValued"] == true),
        cleared("SCIM_Null_Update, verbose, \"\"", verbose("replace", |_| json!(""))),
        cleared("SCIM_Null_Update, verbose, null", verbose("replace", |_| Value::Null)),
        cleared("SCIM_Null_Update, compact, \"\"", compact("replace", |_| json!(""))),
        cleared("SCIM_Null_Update, compact, null", compact("replace", |_| Value::Null)),
        of_ford("SCIM_Null_Update leaves out what is required, which can't be cleared")
            .patch("/Users/{ford}", json!([{ "op": "replace", "path": "userName", "value": "" }]))
            .refused(400, "invalidValue")
            .told("userName"),
        as_generated(row("SCIM_User_Create").post("/Users", generated()).is(201), ""),
        written(
            of_ford("SCIM_User_Update, then GET")
                .patch("/Users/{ford}", verbose("Replace", anew))
                .get("/Users/{ford}"),
        ),
        written(
            of_ford("SCIM_User_Update, compact")
                .patch("/Users/{ford}", compact("replace", anew))
                .get("/Users/{ford}"),
        ),
        row("SCIM_Group_Create, SCIM_Group_Update")
            .given("g", "/Groups", json!({ "displayName": "g", "externalId": "e" }))
            .patch("/Groups/{g}", json!([{ "op": "replace", "path": "displayName", "value": "h" }]))
            .get("/Groups/{g}")
            .at("/displayName", "h")
            .at("/externalId", "e"),
        paged("SCIM_User_Pagination", "/Users", "userName"),
        paged("SCIM_Group_Pagination", "/Groups", "displayName"),
        of_nobody_much("SCIM_Update_Manager: add, replace, replace with empty")
            .patch("/Users/{ford}", json!([{ "op": "add", "path": MANAGER, "value": "a" }]))
            .at(enterprise("manager/value"), "a")
            .patch("/Users/{ford}", json!([{ "op": "replace", "path": MANAGER, "value": "b" }]))
            .at(enterprise("manager/value"), "b")
            .patch("/Users/{ford}", json!([{ "op": "replace", "path": MANAGER, "value": "" }]))
            .lacks(enterprise("manager"))
            .holds("schemas names the extension no more", |user| {
                !user.body["schemas"].to_string().contains("enterprise")
            }),
        of_ford("Disable_User, Restore_User")
            .patch("/Users/{ford}", json!([{ "op": "Replace", "path": "active", "value": "False" }]))
            .at("/active", false)
            .patch("/Users/{ford}", json!([{ "op": "Replace", "path": "active", "value": "True" }]))
            .at("/active", true)
            .at("/title", "T"),
        of_team("Add_Member, Remove_Member, Restore_Group")
            .patch(
                "/Groups/{team}",
                json!([{ "op": "Add", "path": "members", "value": [{ "value": "{eve}" }] }]),
            )
            .patch(
                "/Groups/{team}",
                json!([{ "op": "Remove", "path": "members", "value": [{ "value": "{ada}" }] }]),
            )
            .get("/Groups/{team}")
            .members(&["bob", "eve"])
            .delete("/Groups/{team}")
            .given("again", "/Groups", json!({ "displayName": "Team" })),
        row("Validate_Credentials").get("/Users").token("").refused(401, ""),
    ]
}

/// Reads at least eleven resources, five per page: `startIndex` is the one that the client asked for.
fn paged(source: &'static str, path: &'static str, name: &'static str) -> Row {
    let made = (1..=11).fold(row(source), |row, n| row.post(path, json!({ name: format!("n{n}") })).is(201));
    (0..3).fold(made, |row, page| {
        let start = page * 5 + 1;
        row.get(&format!("{path}?startIndex={start}&count=5"))
            .is(200)
            .at("/totalResults", 11)
            .at("/startIndex", start)
            .at("/itemsPerPage", if page == 2 { 1 } else { 5 })
            .at(format!("/Resources/0/{name}"), format!("n{start}"))
    })
}

/// Everything is cleared except the manager, who is not among the paths.
fn cleared(source: &'static str, operations: Value) -> Row {
    let row = of_ford(source).patch("/Users/{ford}", operations).get("/Users/{ford}");
    ["displayName", "title", "nickName", "locale", "name", "emails", "phoneNumbers", "addresses"]
        .into_iter()
        .fold(row, |row, name| row.lacks(format!("/{name}")))
        .at(format!("/{ENTERPRISE}"), json!({ "manager": { "value": "XYMKVVRYDIOO" } }))
        .at("/userName", "ford_purdy@contoso.com")
}
