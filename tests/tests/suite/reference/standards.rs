//! entra.md §6.6, IPSIE AL1, and §6.7, what RFC 7644 has besides.

use serde_json::{Value, json};

use super::given::{ada, named, of_ada, of_team, regrouped};
use super::row::{Row, row};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

pub(super) fn rows() -> Vec<Row> {
    [ipsie(), bulk(), search_and_me()].into_iter().flatten().collect()
}

fn ipsie() -> Vec<Row> {
    let members: Vec<Value> =
        (0..50).map(|_| json!({ "op": "add", "path": "members", "value": [{ "value": "{eve}" }] })).collect();
    vec![
        of_ada("6.6 filters")
            .find("userName eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"])
            .find("externalId eq \"Ada-1\"")
            .finds(&["ada@contoso.com"])
            .find("emails[value eq \"ada@home.example\"]")
            .finds(&["ada@contoso.com"])
            .find("emails[type eq \"work\" and value eq \"ada@contoso.com\"]")
            .finds(&["ada@contoso.com"])
            .find("emails[type eq \"work\" and value eq \"ada@home.example\"]")
            .finds(&[]),
        of_team("6.6 pages of users and of groups")
            .get("/Users?startIndex=2&count=1")
            .at("/totalResults", 3)
            .at("/itemsPerPage", 1)
            .get("/Groups?cursor&count=1")
            .at("/totalResults", 1)
            .at("/itemsPerPage", 1),
        of_ada("6.6 deactivate, reactivate; after DELETE the userName is free")
            .patch("/Users/{ada}", json!([{ "op": "replace", "path": "active", "value": false }]))
            .at("/active", false)
            .patch("/Users/{ada}", json!([{ "op": "replace", "path": "active", "value": true }]))
            .at("/active", true)
            .delete("/Users/{ada}")
            .is(204)
            .post("/Users", ada())
            .is(201),
        of_team("6.6 groups without members")
            .get("/Groups?excludedAttributes=members")
            .finds(&["Team"])
            .lacks("/Resources/0/members"),
        regrouped(
            "6.6 add members",
            json!([{ "op": "add", "path": "members", "value": [{ "value": "{eve}" }] }]),
        )
        .members(&["ada", "bob", "eve"]),
        regrouped("6.6 remove members", json!([{ "op": "remove", "path": "members" }])).members(&[]),
        regrouped(
            "6.6 remove members[value eq id]",
            json!([{ "op": "remove", "path": "members[value eq \"{ada}\"]" }]),
        )
        .members(&["bob"]),
        regrouped("6.6 fifty operations on members in one PATCH", json!(members))
            .members(&["ada", "bob", "eve"]),
        row("6.6 discovery")
            .get("/ResourceTypes")
            .is(200)
            .get("/ServiceProviderConfig")
            .is(200)
            .get("/Schemas")
            .is(200),
        row("6.6 at most 1000 a page")
            .people(1)
            .get("/Users?count=100000")
            .finds(&["u1@contoso.com"])
            .get("/ServiceProviderConfig")
            .holds("the most is said and is not more", |config| {
                config.body["filter"]["maxResults"].as_u64().is_some_and(|most| (100..=1000).contains(&most))
            }),
    ]
}

fn request(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

fn bulk() -> Vec<Row> {
    let user =
        |id: &str| json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": { "userName": id } });
    let broken = json!({
        "method": "POST", "path": "/Users", "bulkId": "broken", "data": { "displayName": "nobody" },
    });
    let mut at_most_one = request(&json!([broken, user("late")]));
    at_most_one["failOnErrors"] = json!(1);
    let many: Vec<Value> = (0..1001).map(|n| user(&n.to_string())).collect();
    vec![
        row("6.7 bulkId, forward and back")
            .post(
                "/Bulk",
                request(&json!([
                    {
                        "method": "POST", "path": "/Groups", "bulkId": "g",
                        "data": { "displayName": "g", "members": [{ "value": "bulkId:u" }] },
                    },
                    user("u"),
                    {
                        "method": "PATCH", "path": "/Users/bulkId:u",
                        "data": { "Operations": [{ "op": "replace", "path": "title", "value": "T" }] },
                    },
                ])),
            )
            .is(200)
            .at("/schemas", json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]))
            .at("/Operations/0/status", "201")
            .at("/Operations/0/bulkId", "g")
            .at("/Operations/1/status", "201")
            .at("/Operations/2/status", "200")
            .find_groups("displayName eq \"g\"")
            .has("/Resources/0/members", 1)
            .find("userName eq \"u\"")
            .at("/Resources/0/title", "T"),
        row("6.7 failOnErrors")
            .post("/Bulk", at_most_one)
            .is(200)
            .has("/Operations", 1)
            .at("/Operations/0/status", "400")
            .at("/Operations/0/response/scimType", "invalidValue")
            .get("/Users")
            .finds(&[]),
        row("6.7 without it the others are done")
            .post("/Bulk", request(&json!([broken, user("late")])))
            .is(200)
            .at("/Operations/0/status", "400")
            .at("/Operations/1/status", "201"),
        row("6.7 maxOperations")
            .post("/Bulk", request(&json!(many)))
            .refused(413, "")
            .get("/Users")
            .finds(&[])
            .get("/ServiceProviderConfig")
            .at("/bulk/supported", true)
            .at("/bulk/maxOperations", 1000)
            .at("/bulk/maxPayloadSize", 1_048_576),
        row("6.7 maxPayloadSize")
            .post(
                "/Bulk",
                request(&json!([
                    {
                        "method": "POST", "path": "/Users", "bulkId": "u",
                        "data": { "userName": "u", "displayName": "x".repeat(1 << 20) },
                    },
                ])),
            )
            .refused(413, ""),
        row("6.7 references in a circle are 409")
            .post(
                "/Bulk",
                request(&json!([
                    {
                        "method": "POST", "path": "/Groups", "bulkId": "a",
                        "data": { "displayName": "a", "members": [{ "value": "bulkId:b" }] },
                    },
                    {
                        "method": "POST", "path": "/Groups", "bulkId": "b",
                        "data": { "displayName": "b", "members": [{ "value": "bulkId:a" }] },
                    },
                ])),
            )
            .is(200)
            .at("/Operations/0/status", "409")
            .at("/Operations/1/status", "409")
            .get("/Groups")
            .finds(&[]),
    ]
}

fn search_and_me() -> Vec<Row> {
    let search = |filter: &str| json!({ "schemas": [SEARCH], "filter": filter });
    vec![
        of_team("6.7 .search of a type and of all")
            .post("/Users/.search", search("userName eq \"ada@contoso.com\""))
            .finds(&["ada@contoso.com"])
            .post("/Groups/.search", search("displayName eq \"team\""))
            .finds(&["Team"])
            .post("/.search", search("userName eq \"bob@contoso.com\""))
            .finds(&["bob@contoso.com"])
            .post("/.search", search("nope eq \"x\""))
            .refused(400, "invalidFilter")
            .post("/.search", search("id pr"))
            .finds(&["ada@contoso.com", "bob@contoso.com", "eve@contoso.com", "Team"]),
        row("6.7 .search with attributes, sorting and a page")
            .people(3)
            .post(
                "/Users/.search",
                json!({
                    "schemas": [SEARCH], "attributes": ["userName"], "sortBy": "userName",
                    "sortOrder": "descending", "startIndex": 2, "count": 1,
                }),
            )
            .at("/totalResults", 3)
            .at("/startIndex", 2)
            .at("/Resources/0/userName", "u2@contoso.com")
            .lacks("/Resources/0/active"),
        row("6.7 /Me")
            .get("/Me")
            .refused(501, "")
            .patch("/Me", json!([]))
            .refused(501, "")
            .given("u", "/Users", named("u"))
            .delete("/Me")
            .refused(501, ""),
    ]
}
