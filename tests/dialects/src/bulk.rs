//! docs/scim-clients.md §6.7: `/Bulk`, RFC 7644 section 3.7.

use serde_json::{Value, json};

use super::given::of_team;
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    [operations(), limits()].into_iter().flatten().collect()
}

fn request(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

fn user(id: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": { "userName": id } })
}

fn operations() -> Vec<Row> {
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
        of_team("6.7 every method, versions, a reference to nothing")
            .post(
                "/Bulk",
                request(&json!([
                    {
                        "method": "PUT", "path": "/Users/{ada}", "version": "W/\"1\"",
                        "data": { "userName": "al" },
                    },
                    {
                        "method": "PUT", "path": "/Users/{ada}", "version": "W/\"1\"",
                        "data": { "userName": "late" },
                    },
                    {
                        "method": "PATCH", "path": "/Groups/{team}",
                        "data": {
                            "Operations": [
                                { "op": "remove", "path": "members", "value": [{ "value": "{bob}" }] },
                            ],
                        },
                    },
                    { "method": "DELETE", "path": "/Users/{eve}" },
                    { "method": "DELETE", "path": "/Users/{eve}" },
                    {
                        "method": "POST", "path": "/Groups", "bulkId": "g",
                        "data": { "displayName": "g", "members": [{ "value": "bulkId:nobody" }] },
                    },
                    { "method": "GET", "path": "/Users/{ada}" },
                ])),
            )
            .is(200)
            .at("/Operations/0/status", "200")
            .at("/Operations/0/version", "W/\"2\"")
            .at("/Operations/0/location", "{base}/Users/{ada}")
            .at("/Operations/1/status", "412")
            .at("/Operations/2/status", "204")
            .at("/Operations/3/status", "204")
            .at("/Operations/4/status", "404")
            .at("/Operations/5/status", "400")
            .at("/Operations/5/response/scimType", "invalidValue")
            .at("/Operations/6/status", "400")
            .get("/Users")
            .finds(&["al", "bob@contoso.com"])
            .get("/Groups/{team}")
            .members(&["ada"]),
    ]
}

fn limits() -> Vec<Row> {
    let broken = json!({
        "method": "POST", "path": "/Users", "bulkId": "broken", "data": { "displayName": "nobody" },
    });
    let mut at_most_one = request(&json!([broken, user("late")]));
    at_most_one["failOnErrors"] = json!(1);
    let many: Vec<Value> = (0..1001).map(|n| user(&n.to_string())).collect();
    vec![
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
