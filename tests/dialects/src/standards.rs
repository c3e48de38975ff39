//! docs/scim-clients.md §6.6, IPSIE AL1, and §6.7, the rest of RFC 7644.

use serde_json::{Value, json};

use super::given::{ada, named, of_ada, of_team, regrouped};
use super::row::{Row, row};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

pub(super) fn rows() -> Vec<Row> {
    [ipsie(), search_and_me()].into_iter().flatten().collect()
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
                config.body["filter"]["maxResults"].as_u64().is_some_and(|max| (100..=1000).contains(&max))
            }),
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
