//! docs/scim-lessons.md: §2, faults of the best servers that Usher must not have; §3, desired behaviour.

use serde_json::json;

use super::given::{ENTERPRISE, MANAGER, ada, enterprise, named, of_ada, of_team, patched, regrouped};
use super::row::{Request, Row, row};

/// The rows of §2. The benchmark measures the cost of a token check and of a change to a large group.
pub(super) fn faults() -> Vec<Row> {
    let add = |name: &str| {
        Request::patch(
            "/Groups/{team}",
            json!([{ "op": "Add", "path": "members", "value": [{ "value": name }] }]),
        )
    };
    let remove = |name: &str| {
        Request::patch(
            "/Groups/{team}",
            json!([{ "op": "Remove", "path": "members", "value": [{ "value": name }] }]),
        )
    };
    vec![
        of_team(
            "SCIMServer, fleetdm/fleet#50724, scim-for-keycloak#90: two PATCHes of a group at once lose none",
        )
        .together(vec![add("{eve}"), remove("{ada}")], &[204, 204])
        .get("/Groups/{team}")
        .members(&["bob", "eve"]),
        regrouped(
            "scim2-server: Remove members with a value",
            json!([{ "op": "Remove", "path": "members", "value": [{ "value": "{ada}" }] }]),
        )
        .members(&["bob"]),
        patched(
            "scim2-server: a manager as a string",
            json!([{ "op": "Add", "path": MANAGER, "value": "26" }]),
        )
        .at(enterprise("manager/value"), "26"),
        patched(
            "scim2-server: no match of phoneNumbers[type eq \"mobile\"]",
            json!([{ "op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1" }]),
        )
        .at("/phoneNumbers/0", json!({ "type": "mobile", "value": "1" })),
        of_team("scim2-server: unknown members are accepted")
            .patch(
                "/Groups/{team}",
                json!([
                    {
                        "op": "add", "path": "members",
                        "value": [{ "value": "01a20d97-d298-7ec4-bec8-ebbca09c2f25" }],
                    },
                ]),
            )
            .refused(400, "invalidValue")
            .told("01a20d97"),
        of_team("scim2-server: somebody deleted stays in groups")
            .delete("/Users/{ada}")
            .get("/Groups/{team}")
            .members(&["bob"]),
        patched(
            "scim2-server: PATCH is always 204 without a body",
            json!([{ "op": "replace", "path": "title", "value": "T" }]),
        )
        .is(200)
        .at("/title", "T"),
        of_ada("Keycloak: an attribute that can't be filtered finds nobody")
            .find("customAttribute eq \"x\"")
            .refused(400, "invalidFilter"),
        row("Polis: 200 without a valid token")
            .get("/Users")
            .token("")
            .refused(401, "")
            .post("/Users", named("u"))
            .token("x")
            .refused(401, "")
            .get("/Users")
            .finds(&[]),
        row("Casdoor: the tenant is chosen by the body")
            .post("/Users", json!({ "userName": "u", ENTERPRISE: { "organization": "another-workspace" } }))
            .is(201)
            .get("/Users")
            .finds(&["u"]),
    ]
}

/// The rows of §3, for every line of its column "want".
pub(super) fn wants() -> Vec<Row> {
    [wants_of_patch(), wants_of_the_rest()].into_iter().flatten().collect()
}

fn wants_of_patch() -> Vec<Row> {
    let mobile = json!([{ "op": "replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1" }]);
    vec![
        patched("Replace active \"False\"", json!([{ "op": "Replace", "path": "active", "value": "False" }]))
            .is(200)
            .at("/active", false),
        patched(
            "no path {\"name.givenName\": …}",
            json!([{ "op": "replace", "value": { "name.givenName": "A" } }]),
        )
        .at("/name/givenName", "A"),
        patched(
            "add x[type eq \"mobile\"].value, no match",
            json!([{ "op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1" }]),
        )
        .at("/phoneNumbers/0/type", "mobile"),
        patched("replace valuePath, no match: created", mobile.clone())
            .at("/phoneNumbers/0", json!({ "type": "mobile", "value": "1" })),
        of_ada("replace valuePath, no match: 400 in the strict profile")
            .strict()
            .patch("/Users/{ada}", mobile)
            .refused(400, "noTarget"),
        patched("manager as plain string", json!([{ "op": "add", "path": MANAGER, "value": "26" }]))
            .at(enterprise("manager/value"), "26"),
        patched(
            "second op on readOnly id",
            json!([
                { "op": "replace", "path": "title", "value": "x" },
                { "op": "replace", "path": "id", "value": "x" },
            ]),
        )
        .refused(400, "mutability")
        .get("/Users/{ada}")
        .at("/title", "Countess"),
        regrouped(
            "add member twice",
            json!([
                { "op": "add", "path": "members", "value": [{ "value": "{ada}" }, { "value": "{ada}" }] },
            ]),
        )
        .members(&["ada", "bob"]),
        regrouped(
            "remove members[value eq]",
            json!([{ "op": "remove", "path": "members[value eq \"{ada}\"]" }]),
        )
        .members(&["bob"]),
        regrouped(
            "Entra-legacy Remove members + value",
            json!([{ "op": "Remove", "path": "members", "value": [{ "value": "{ada}" }] }]),
        )
        .members(&["bob"]),
        of_team("unknown member")
            .patch(
                "/Groups/{team}",
                json!([{ "op": "add", "path": "members", "value": [{ "value": "nobody" }] }]),
            )
            .refused(400, "invalidValue"),
        of_team("PATCH response: 200 and a body for users, 204 for groups, the group where it is asked for")
            .patch("/Users/{ada}", json!([{ "op": "replace", "path": "title", "value": "T" }]))
            .is(200)
            .at("/title", "T")
            .patch("/Groups/{team}", json!([{ "op": "replace", "path": "displayName", "value": "T" }]))
            .is(204)
            .patch(
                "/Groups/{team}?attributes=displayName",
                json!([{ "op": "replace", "path": "displayName", "value": "U" }]),
            )
            .is(200)
            .at("/displayName", "U"),
    ]
}

fn wants_of_the_rest() -> Vec<Row> {
    let bulk = json!({ "Operations": [
        {
            "method": "POST", "path": "/Groups", "bulkId": "g",
            "data": { "displayName": "g", "members": [{ "value": "bulkId:u" }] },
        },
        { "method": "POST", "path": "/Users", "bulkId": "u", "data": { "userName": "u" } },
    ] });
    vec![
        row("filter=not(title pr)")
            .given("u", "/Users", named("u"))
            .given("ada", "/Users", ada())
            .find("not(title pr)")
            .finds(&["u"]),
        of_ada("emails[type eq \"work\"].value eq \"x\"")
            .find("emails[type eq \"work\"].value eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"]),
        of_ada("externalId eq in other case").find("externalId eq \"ada-1\"").finds(&[]),
        of_ada("unknown attribute in filter")
            .find("nope eq \"x\"")
            .refused(400, "invalidFilter")
            .told("nope"),
        row("count=0, startIndex=0&count=-1, beyond the end")
            .people(2)
            .get("/Users?count=0")
            .at("/totalResults", 2)
            .at("/itemsPerPage", 0)
            .get("/Users?startIndex=0&count=-1")
            .at("/startIndex", 1)
            .at("/itemsPerPage", 0)
            .get("/Users?startIndex=9&count=5")
            .at("/totalResults", 2)
            .at("/itemsPerPage", 0)
            .has("/Resources", 0),
        of_ada("PUT with stale If-Match")
            .patch("/Users/{ada}", json!([{ "op": "replace", "path": "title", "value": "T" }]))
            .put("/Users/{ada}", named("ada@contoso.com"))
            .with("if-match", "W/\"1\"")
            .refused(412, "")
            .get("/Users/{ada}")
            .at("/title", "T"),
        of_ada("If-None-Match")
            .get("/Users/{ada}")
            .with("if-none-match", "W/\"1\"")
            .is(304)
            .get("/Users/{ada}")
            .with("if-none-match", "W/\"2\"")
            .is(200),
        of_ada("duplicate userName in other case")
            .post("/Users", named("ADA@contoso.com"))
            .refused(409, "uniqueness"),
        row("Bulk forward bulkId")
            .post("/Bulk", bulk)
            .is(200)
            .at("/Operations/0/status", "201")
            .at("/Operations/1/status", "201"),
        of_team("members after user delete").delete("/Users/{bob}").get("/Groups/{team}").members(&["ada"]),
        row("bad token")
            .get("/Users")
            .token("nonsense")
            .refused(401, "")
            .header("www-authenticate", "Bearer"),
        row("/Schemas?filter=")
            .get("/Schemas?filter=id+eq+%22x%22")
            .refused(403, "")
            .get("/ResourceTypes?filter=id+pr")
            .refused(403, ""),
    ]
}
