//! docs/scim-clients.md §4.1: Okta.

use serde_json::{Value, json};

use super::given::{CORE, named, of_team, regrouped};
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    [people(), groups(), suite()].into_iter().flatten().collect()
}

/// The body that Okta sends for a new user.
fn isaac() -> Value {
    json!({
        "schemas": [CORE], "userName": "isaac@contoso.com", "name": {
            "givenName": "Isaac", "familyName": "Brock",
        },
        "emails": [{ "primary": true, "value": "isaac@contoso.com", "type": "work" }],
        "displayName": "Isaac Brock", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [], "password": "1mz050nq", "active": true,
    })
}

fn of_isaac(source: &'static str) -> Row {
    row(source).given("isaac", "/Users", isaac())
}

fn people() -> Vec<Row> {
    vec![
        of_isaac("4.1 headers").get("/Users/{isaac}").with("user-agent", "Okta SCIM Client 1.0.0").is(200),
        row("4.1 first calls")
            .get("/Users?startIndex=1&count=2")
            .finds(&[])
            .get("/Groups?startIndex=1&count=100")
            .finds(&[]),
        of_isaac("4.1 look-up")
            .get("/Users?filter=userName eq \"isaac@contoso.com\"&startIndex=1&count=100")
            .finds(&["isaac@contoso.com"])
            .get("/Users?filter=userName eq \"nobody\"&startIndex=1&count=100")
            .finds(&[]),
        of_isaac("4.1 create: an answer with a body, without the password; 409 the second time")
            .post("/Users", isaac())
            .refused(409, "uniqueness")
            .get("/Users/{isaac}")
            .at("/externalId", "00ujl29u0le5T6Aj10h7")
            .at("/locale", "en-US")
            .lacks("/password")
            .lacks("/groups"),
        of_isaac("4.1 update of wizard-made apps: GET, then PUT of all of it")
            .get("/Users/{isaac}")
            .put(
                "/Users/{isaac}",
                json!({
                    "schemas": [
                        CORE,
                    ], "id": "{isaac}", "userName": "isaac@contoso.com", "active": true, "groups": [],
                    "name": { "givenName": "Another", "familyName": "Brock" },
                    "emails": [{ "primary": true, "value": "isaac@contoso.com", "type": "work" }],
                    "meta": { "resourceType": "User", "location": "{base}/Users/{isaac}" },
                }),
            )
            .is(200)
            .at("/name/givenName", "Another")
            .at("/id", "{isaac}"),
        of_isaac("4.1 PUT without active switches nobody off")
            .put("/Users/{isaac}", named("isaac@contoso.com"))
            .at("/active", true),
        of_isaac("4.1 PUT without active switches nobody on")
            .patch("/Users/{isaac}", json!([{ "op": "replace", "value": { "active": false } }]))
            .put("/Users/{isaac}", named("isaac@contoso.com"))
            .at("/active", false),
        of_isaac("4.1 update of catalogue apps: PATCH of the password")
            .patch("/Users/{isaac}", json!([{ "op": "replace", "value": { "password": "o9ZZ8ZMI5g" } }]))
            .is(200)
            .lacks("/password"),
        of_isaac("4.1 deactivate, reactivate")
            .patch("/Users/{isaac}", json!([{ "op": "replace", "value": { "active": false } }]))
            .is(200)
            .at("/active", false)
            .patch("/Users/{isaac}", json!([{ "op": "replace", "value": { "active": true } }]))
            .is(200)
            .at("/active", true),
        row("4.1 pages of 100 in a stable order, in whole numbers")
            .people(5)
            .get("/Users?startIndex=1&count=3")
            .at("/Resources/2/userName", "u3@contoso.com")
            .holds("numbers are integers", |list| {
                ["totalResults", "startIndex", "itemsPerPage"].iter().all(|name| list.body[*name].is_u64())
            })
            .get("/Users?startIndex=4&count=3")
            .at("/Resources/0/userName", "u4@contoso.com")
            .at("/itemsPerPage", 2),
        row("4.1 entitlements: ResourceTypes, Schemas, each endpoint")
            .given("isaac", "/Users", isaac())
            .get("/ResourceTypes")
            .at("/Resources/0/endpoint", "/Users")
            .at("/Resources/1/endpoint", "/Groups")
            .get("/Schemas")
            .is(200)
            .get("/Users?count=1&startIndex=1")
            .at("/itemsPerPage", 1),
    ]
}

fn groups() -> Vec<Row> {
    vec![
        row("4.1 POST of a group without members")
            .post(
                "/Groups",
                json!({
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g",
                    "members": [],
                }),
            )
            .is(201),
        regrouped(
            "4.1 rename, with the id in the value",
            json!([{ "op": "replace", "value": { "id": "{team}", "displayName": "New" } }]),
        )
        .at("/displayName", "New")
        .at("/id", "{team}")
        .members(&["ada", "bob"]),
        regrouped(
            "4.1 members: removal and addition in one PATCH",
            json!([
                { "op": "remove", "path": "members[value eq \"{ada}\"]" },
                {
                    "op": "add", "path": "members",
                    "value": [{ "value": "{eve}", "display": "eve@contoso.com" }],
                },
            ]),
        )
        .members(&["bob", "eve"]),
        regrouped(
            "4.1 members: replace",
            json!([
                { "op": "replace", "path": "members", "value": [{ "value": "{eve}" }, { "value": "{ada}" }] },
            ]),
        )
        .members(&["ada", "eve"]),
        of_team("4.1 PUT of wizard-made apps")
            .put(
                "/Groups/{team}",
                json!({
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "{team}",
                    "displayName": "Team", "members": [{ "value": "{eve}", "display": "Eve" }],
                }),
            )
            .is(200)
            .members(&["eve"]),
    ]
}

/// The requests of Okta-SCIM-20-SPEC-Test.json.
fn suite() -> Vec<Row> {
    let complete = ["id", "userName", "active"];
    let whole = |row: Row, prefix: &str| {
        complete
            .into_iter()
            .zip(["{isaac}".into(), json!("isaac@contoso.com"), json!(true)])
            .fold(row, |row, (name, value)| row.at(format!("{prefix}/{name}"), value))
            .at(format!("{prefix}/name/familyName"), "Brock")
            .at(format!("{prefix}/name/givenName"), "Isaac")
            .at(format!("{prefix}/emails/0/value"), "isaac@contoso.com")
    };
    vec![
        whole(
            of_isaac("SPEC-Test 1: GET /Users?count=1&startIndex=1")
                .get("/Users?count=1&startIndex=1")
                .is(200)
                .at("/schemas", json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]))
                .at("/itemsPerPage", 1)
                .at("/startIndex", 1)
                .at("/totalResults", 1),
            "/Resources/0",
        ),
        whole(of_isaac("SPEC-Test 2, 7: GET /Users/{id}").get("/Users/{isaac}").is(200), ""),
        of_isaac("SPEC-Test 3: an invalid userName")
            .get("/Users?filter=userName eq \"abcdefgh@atko.com\"")
            .finds(&[]),
        row("SPEC-Test 4: an id that is missing")
            .get("/Users/010101001010101011001010101011")
            .refused(404, ""),
        row("SPEC-Test 5: a random user does not exist")
            .get("/Users?filter=userName eq \"Runscope300Hnqkq@atko.com\"")
            .finds(&[]),
        row("SPEC-Test 6: POST /Users")
            .post(
                "/Users",
                json!({
                    "schemas": [CORE], "userName": "runscope@contoso.com", "name": {
                        "givenName": "Run", "familyName": "Scope",
                    },
                    "emails": [
                        { "primary": true, "value": "runscope@contoso.com", "type": "work" },
                    ], "displayName": "Run Scope", "active": true,
                }),
            )
            .is(201)
            .at("/active", true)
            .at("/userName", "runscope@contoso.com")
            .at("/name/familyName", "Scope")
            .at("/name/givenName", "Run")
            .holds("it has an id", |user| user.body["id"].as_str().is_some_and(|id| !id.is_empty())),
        of_isaac("SPEC-Test 8: the same POST again").post("/Users", isaac()).refused(409, "uniqueness"),
        of_isaac("SPEC-Test 9: userName in capitals")
            .get("/Users?filter=userName eq \"ISAAC@CONTOSO.COM\"")
            .finds(&["isaac@contoso.com"]),
        row("SPEC-Test 10: GET /Groups").get("/Groups").is(200).at("/totalResults", 0).quick("/Groups"),
        row("SPEC-Test 11: no token, a token that is none")
            .get("/Users")
            .token("")
            .refused(401, "")
            .at("/status", "401")
            .header("www-authenticate", "Bearer")
            .get("/Users")
            .token("abcdef")
            .refused(401, "")
            .at("/status", "401"),
        row("SPEC-Test 12: GET /Users/00919288221112222")
            .get("/Users/00919288221112222")
            .refused(404, "")
            .at("/status", "404"),
        of_isaac("CRUD test: another first name, unassigned")
            .patch(
                "/Users/{isaac}",
                json!([{ "op": "replace", "value": { "name": { "givenName": "Ike" } } }]),
            )
            .at("/name", json!({ "givenName": "Ike", "familyName": "Brock" }))
            .patch("/Users/{isaac}", json!([{ "op": "replace", "value": { "active": false } }]))
            .get("/Users/{isaac}")
            .at("/active", false),
    ]
}
