//! docs/scim-clients.md §1.2 and §1.3: the shapes of requests that Microsoft documents.

use serde_json::json;

use super::given::{CORE, ENTERPRISE, enterprise, named, of_ada, of_team, patched};
use super::row::{Row, row};

const FOREIGN_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

pub(super) fn rows() -> Vec<Row> {
    [users(), writes(), groups(), dialects()].into_iter().flatten().collect()
}

fn users() -> Vec<Row> {
    vec![
        row("1.2 test connection, with + and with %20")
            .get("/Users?filter=userName+eq+%227d420df3-1f6b-4c6c-9f0f-0d1d2b7e7c11%22")
            .finds(&[])
            .at("/schemas", json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]))
            .at("/startIndex", 1)
            .get("/Users?filter=userName%20eq%20%227d420df3%22")
            .finds(&[]),
        row("1.2 create user")
            .post(
                "/Users",
                json!({
                    "schemas": [CORE, ENTERPRISE], "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
                    "userName": "u@contoso.com", "active": true,
                    "emails": [{ "primary": true, "type": "work", "value": "u@contoso.com" }],
                    "meta": { "resourceType": "User" }, "id": "mine",
                    "name": {
                        "formatted": "Given Family", "familyName": "Family", "givenName": "Given",
                    }, "roles": [],
                }),
            )
            .is(201)
            .header("location", "{base}/Users/")
            .keep("u", "/id")
            .at("/externalId", "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef")
            .at("/name/formatted", "Given Family")
            .at("/meta/resourceType", "User")
            .get("/Users/{u}")
            .at("/meta/location", "{base}/Users/{u}")
            .holds("it has times and an id of the service", |user| {
                user.body["meta"]["created"].is_string()
                    && user.body["meta"]["lastModified"].is_string()
                    && user.body["id"] != "mine"
            }),
        row("1.2 explicit nulls, enterprise attributes at the top, a misspelled URN")
            .post(
                "/Users",
                json!({
                    "schemas": [CORE, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
                    "userName": "u@contoso.com", "addresses": null, "phoneNumbers": null, "preferredLanguage": null,
                    "title": null, "department": "Engines", "manager": null,
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0User": { "costCenter": "7" },
                }),
            )
            .is(201)
            .lacks("/addresses")
            .lacks("/title")
            .at(format!("/{ENTERPRISE}"), json!({ "department": "Engines", "costCenter": "7" })),
        row("1.2 department: null at the top")
            .post("/Users", json!({ "userName": "u", "department": null }))
            .is(201)
            .lacks(format!("/{ENTERPRISE}")),
        row("1.2 a manager as a plain string")
            .post("/Users", json!({ "userName": "u", ENTERPRISE: { "manager": "123456" } }))
            .is(201)
            .at(enterprise("manager/value"), "123456"),
        of_ada("1.2 get and query")
            .get("/Users/{ada}")
            .is(200)
            .at("/userName", "ada@contoso.com")
            .get("/Users/5171a35d82074e068ce2")
            .refused(404, "")
            .at("/status", "404")
            .find("userName eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"])
            .find("userName eq \"bob@contoso.com\"")
            .finds(&[])
            .get("/Users?filter=externalId eq Ada-1")
            .finds(&["ada@contoso.com"])
            .find("emails[type eq \"work\"] eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"]),
    ]
}

fn writes() -> Vec<Row> {
    vec![
        of_ada("1.2 reference check of a manager")
            .given("boss", "/Users", named("boss"))
            .patch(
                "/Users/{ada}",
                json!([
                    {
                        "op": "Add", "path": "manager",
                        "value": [{ "$ref": "http://x/scim/Users/{boss}", "value": "{boss}" }],
                    },
                ]),
            )
            .is(200)
            .at(enterprise("manager/value"), "{boss}")
            .get("/Users?filter=id eq \"{ada}\" and manager eq \"{boss}\"&attributes=id")
            .is(200)
            .at("/totalResults", 1)
            .at("/Resources/0/id", "{ada}")
            .lacks("/Resources/0/userName")
            .get("/Users?filter=id eq \"{ada}\" and manager eq \"{ada}\"&attributes=id")
            .finds(&[]),
        patched(
            "1.2 patch: verbose",
            json!([
                { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@contoso.com" },
                { "op": "Replace", "path": "name.familyName", "value": "New" },
            ]),
        )
        .is(200)
        .at("/emails/0/value", "new@contoso.com")
        .at("/emails/1/value", "ada@home.example")
        .at("/name/familyName", "New")
        .at("/name/givenName", "Ada"),
        patched(
            "1.2 patch: userName",
            json!([{ "op": "Replace", "path": "userName", "value": "new@contoso.com" }]),
        )
        .at("/id", "{ada}")
        .at("/userName", "new@contoso.com"),
        of_ada("1.2 delete").delete("/Users/{ada}").is(204).get("/Users/{ada}").refused(404, ""),
    ]
}

fn groups() -> Vec<Row> {
    vec![
        row("1.2 create group")
            .post(
                "/Groups",
                json!({
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", FOREIGN_GROUP],
                    "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "dn", "meta": {
                        "resourceType": "Group",
                    },
                }),
            )
            .is(201)
            .at("/externalId", "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159")
            .lacks("/members"),
        of_team("1.2 get and query without members")
            .get("/Groups/{team}?excludedAttributes=members")
            .is(200)
            .at("/displayName", "Team")
            .lacks("/members")
            .get("/Groups?excludedAttributes=members&filter=displayName eq \"Team\"")
            .finds(&["Team"])
            .lacks("/Resources/0/members"),
        of_team("1.2 reference check of a member")
            .get("/Groups?filter=id eq \"{team}\" and members eq \"{ada}\"&attributes=id")
            .is(200)
            .at("/totalResults", 1)
            .get("/Groups?filter=id eq \"{team}\" and members eq \"{eve}\"&attributes=id")
            .finds(&[]),
        of_team("1.2 patch group")
            .patch("/Groups/{team}", json!([{ "op": "Replace", "path": "displayName", "value": "dn2" }]))
            .is(204)
            .patch(
                "/Groups/{team}",
                json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "{eve}" }] }]),
            )
            .is(204)
            .get("/Groups/{team}")
            .at("/displayName", "dn2")
            .members(&["ada", "bob", "eve"])
            .patch(
                "/Groups/{team}",
                json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "{eve}" }] }]),
            )
            .is(204)
            .get("/Groups/{team}")
            .members(&["ada", "bob"])
            .delete("/Groups/{team}")
            .is(204)
            .get("/Groups/{team}")
            .refused(404, ""),
        row("1.2 displayName of a group is unique")
            .given("team", "/Groups", json!({ "displayName": "dn" }))
            .post("/Groups", json!({ "displayName": "dn" }))
            .refused(409, "uniqueness"),
    ]
}

fn dialects() -> Vec<Row> {
    let number = format!("{ENTERPRISE}:employeeNumber");
    let written = |row: Row| {
        row.at("/displayName", "x").at("/name/givenName", "y").at(enterprise("employeeNumber"), "w")
    };
    vec![
        patched(
            "1.3 deactivate without the flag",
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        )
        .at("/active", false),
        patched(
            "1.3 deactivate with the flag",
            json!([{ "op": "replace", "path": "active", "value": false }]),
        )
        .at("/active", false),
        patched(
            "1.3 add one value without the flag",
            json!([{ "op": "Add", "path": "nickName", "value": "Babs" }]),
        )
        .at("/nickName", "Babs"),
        patched(
            "1.3 add one value with the flag",
            json!([{ "op": "add", "path": "nickName", "value": "Babs" }]),
        )
        .at("/nickName", "Babs"),
        written(patched(
            "1.3 several replaces without the flag",
            json!([
                { "op": "Replace", "path": "displayName", "value": "x" },
                { "op": "Replace", "path": "name.givenName", "value": "y" },
                { "op": "Replace", "path": number, "value": "w" },
            ]),
        )),
        written(patched(
            "1.3 several replaces with the flag",
            json!([
                { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@contoso.com" },
                {
                    "op": "replace",
                    "value": {
                        "displayName": "x", "name.givenName": "y", "name.familyName": "z", number: "w",
                    },
                },
            ]),
        ))
        .at("/emails/0/value", "new@contoso.com")
        .at("/name/familyName", "z"),
        of_team("1.3 remove a member with the flag")
            .patch("/Groups/{team}", json!([{ "op": "remove", "path": "members[value eq \"{bob}\"]" }]))
            .is(204)
            .get("/Groups/{team}")
            .members(&["ada"]),
        of_ada("1.3 the flag, and the one that takes it back, in the URL")
            .get("/Users?aadOptscim062020")
            .finds(&["ada@contoso.com"])
            .get("/Users/{ada}?AzureAdScimPatch2017")
            .is(200)
            .get("/?aadOptscim062020")
            .is(200),
    ]
}
