//! docs/scim-lessons.md §1 from #22 on: lookups, life cycle, URLs.

use serde_json::{Value, json};

use super::given::{CORE, MANAGER, USHER, ada, named, of_ada, of_team};
use super::row::{Request, Row, row};

pub(super) fn rows() -> Vec<Row> {
    [matching(), life_cycle(), vec![among_many()]].into_iter().flatten().collect()
}

fn matching() -> Vec<Row> {
    vec![
        row("#22 jelhub/scimgateway#18, growthbook#5258: no match is 200, and so is the base URL")
            .get("/Users?filter=userName+eq+%22x%22")
            .finds(&[])
            .get("/")
            .is(200)
            .get("")
            .is(200),
        of_ada("#23 langwatch#6973: externalId, unquoted")
            .get("/Users?filter=externalId eq Ada-1")
            .finds(&["ada@contoso.com"])
            .get("/Users?filter=externalId eq \"Ada-1\"")
            .finds(&["ada@contoso.com"]),
        of_ada("#24 langfuse#13528, ory/polis#4065: a user name in another case")
            .find("userName eq \"ADA@contoso.com\"")
            .finds(&["ada@contoso.com"])
            .post("/Users", named("Ada@Contoso.Com"))
            .refused(409, "uniqueness")
            .patch(
                "/Users/{ada}",
                json!([{ "op": "Replace", "path": "userName", "value": "Ada@Contoso.Com" }]),
            )
            .is(200)
            .at("/userName", "Ada@Contoso.Com"),
        row("#28 azure-docs#12728, #116775: content types")
            .post("/Users", named("a"))
            .with("content-type", "application/scim+json; charset=utf-8")
            .is(201)
            .post("/Users", named("b"))
            .with("content-type", "APPLICATION/JSON")
            .is(201)
            .post("/Users", named("c"))
            .without("content-type")
            .is(201)
            .get("/Users")
            .with("accept", "application/xml")
            .is(200),
        row(
            "#30 azure-docs#65648, SAP/scimono#70: an extension that schemas does not name, an unknown schema",
        )
            .post("/Users", json!({ "schemas": [CORE], "userName": "a", USHER: { "userType": "External" } }))
            .is(201)
            .at(format!("/{USHER}/userType"), "External")
            .lacks("/userType")
            .post("/Users", json!({ "schemas": [CORE, "urn:example:unknown"], "userName": "b" }))
            .is(201)
            .post("/Users", json!({ "schemas": ["urn:example:unknown"], "userName": "c" }))
            .refused(400, "invalidSyntax"),
    ]
}

fn life_cycle() -> Vec<Row> {
    vec![
        of_ada("#31 better-auth#11111, rancher#55220, Budibase#17628: a POST of somebody inactive")
            .patch("/Users/{ada}", json!([{ "op": "Replace", "path": "active", "value": "False" }]))
            .post("/Users", ada())
            .at("/id", "{ada}")
            .at("/active", true),
        of_ada("#31 the same POST twice at once, as after a late answer")
            .patch("/Users/{ada}", json!([{ "op": "Replace", "path": "active", "value": "False" }]))
            .together(vec![Request::post("/Users", ada()), Request::post("/Users", ada())], &[201, 409])
            .get("/Users")
            .finds(&["ada@contoso.com"])
            .at("/Resources/0/active", true)
            .at("/Resources/0/id", "{ada}"),
        of_ada("#31 and of somebody deleted").delete("/Users/{ada}").post("/Users", ada()).is(201),
        of_team("#32 getprobo/probo#1277: DELETE of somebody who is in groups and manages")
            .patch("/Users/{bob}", json!([{ "op": "Add", "path": MANAGER, "value": "{ada}" }]))
            .delete("/Users/{ada}")
            .is(204)
            .get("/Groups/{team}")
            .members(&["bob"])
            .get("/Users/{bob}")
            .is(200),
        row("#33 scimmy#81, gravitee#8541: nulls and empty texts")
            .given(
                "u",
                "/Users",
                json!({
                    "userName": "u", "title": null, "nickName": "",
                    "name": { "givenName": null, "familyName": "F" },
                    "emails": [{ "type": "work", "value": "" }, null],
                }),
            )
            .lacks("/title")
            .lacks("/nickName")
            .at("/name", json!({ "familyName": "F" }))
            .lacks("/emails")
            .patch(
                "/Users/{u}",
                json!([{ "op": "add", "path": "emails", "value": [{ "type": "other", "value": "" }, null] }]),
            )
            .lacks("/emails"),
        of_ada("#34 entra-docs#949, lakeFS#8218, azure-docs#33506: how a tenant URL is written")
            .get("//Users")
            .finds(&["ada@contoso.com"])
            .get("/Users/")
            .finds(&["ada@contoso.com"])
            .get("/scim/Users")
            .finds(&["ada@contoso.com"])
            .get("/v2/Users/{ada}")
            .is(200)
            .get("/scim/v2/Users?aadOptscim062020")
            .finds(&["ada@contoso.com"]),
        of_ada("#35 ssoready#164: another userName")
            .patch(
                "/Users/{ada}",
                json!([{ "op": "Replace", "path": "userName", "value": "al@contoso.com" }]),
            )
            .at("/id", "{ada}")
            .find("userName eq \"al@contoso.com\"")
            .finds(&["al@contoso.com"])
            .find("userName eq \"ada@contoso.com\"")
            .finds(&[]),
        of_ada("#37 anythingmcp#535: a POST for somebody who is there takes nobody over")
            .post(
                "/Users",
                json!({ "userName": "ada@contoso.com", "externalId": "other", "displayName": "Mallory" }),
            )
            .refused(409, "uniqueness")
            .get("/Users/{ada}")
            .at("/displayName", "Ada Lovelace")
            .at("/externalId", "Ada-1"),
        row("#39 scimmy-routers#7: addresses are of the workspace that was asked")
            .post("/Users", named("u"))
            .header("location", "{base}/Users/")
            .get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")
            .at("/meta/location", "{base}/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
        of_ada("#40 unknown attributes are ignored")
            .patch("/Users/{ada}", json!([{ "op": "replace", "value": { "somethingNew": 1, "title": "T" } }]))
            .at("/title", "T")
            .put("/Users/{ada}", json!({ "userName": "ada@contoso.com", "somethingNew": { "a": 1 } }))
            .is(200)
            .lacks("/somethingNew"),
        row("#40 but not in the strict profile")
            .strict()
            .post("/Users", json!({ "schemas": [CORE], "userName": "u", "somethingNew": 1 }))
            .refused(400, "invalidValue")
            .told("somethingNew"),
    ]
}

/// #38 kortix: a lookup among more people than fit on a page, without reading them all.
fn among_many() -> Row {
    let operations: Vec<Value> = (0..300)
        .map(|n| {
            json!({
                "method": "POST", "path": "/Users", "bulkId": n.to_string(),
                "data": { "userName": format!("u{n}"), "externalId": format!("e{n}") },
            })
        })
        .collect();
    row("#38 kortix: a look-up among more people than any page has")
        .post("/Bulk", json!({ "Operations": operations }))
        .at("/Operations/299/status", "201")
        .find("userName eq \"u299\"")
        .finds(&["u299"])
        .find("externalId eq \"e287\"")
        .finds(&["u287"])
        .post("/Users", named("U299"))
        .refused(409, "uniqueness")
}
