//! docs/scim-clients.md §2.2: the requests of scimvalidator.microsoft.com.

use serde_json::{Value, json};

use super::default_attributes::{anew, as_generated, generated, of_ford, of_nobody_much, verbose, written};
use super::given::{MANAGER, enterprise, named, of_team, regrouped};
use super::row::{Row, row};

const TYPE: &str = "application/scim+json; charset=utf-8";

pub(super) fn rows() -> Vec<Row> {
    [users(), groups(), preview(), quirks()].into_iter().flatten().collect()
}

fn users() -> Vec<Row> {
    let manager = |op: &str, value: Value| json!([{ "op": op, "path": MANAGER, "value": value }]);
    let removing = |source, operation: Value| {
        of_ford(source)
            .patch("/Users/{ford}", json!([operation]))
            .lacks(enterprise("manager"))
            .at(enterprise("division"), "5")
    };
    vec![
        as_generated(
            as_generated(
                row("1 Create a new User").post("/Users", generated()).with("content-type", TYPE).is(201),
                "",
            )
            .get("/Users?filter=userName+eq+%22ford_purdy%40contoso.com%22")
            .finds(&["ford_purdy@contoso.com"]),
            "/Resources/0",
        ),
        of_ford("2 Create a duplicate User").post("/Users", generated()).refused(409, "uniqueness"),
        of_ford("3 to 5 Filter existing, non-existing, in different case")
            .get("/Users?filter=userName+eq+%22ford_purdy%40contoso.com%22")
            .finds(&["ford_purdy@contoso.com"])
            .get("/Users?filter=userName+eq+%22nobody%40contoso.com%22")
            .finds(&[])
            .get("/Users?filter=userName+eq+%22FORD_PURDY%40CONTOSO.COM%22")
            .finds(&["ford_purdy@contoso.com"]),
        written(of_ford("6 Replace Attributes (Verbose)").patch("/Users/{ford}", verbose("replace", anew))),
        written(
            of_nobody_much("6 on a user created without them")
                .patch("/Users/{ford}", verbose("replace", anew)),
        ),
        written(of_nobody_much("7 Add Attributes (Verbose)").patch("/Users/{ford}", verbose("add", anew))),
        of_ford("8 Update User userName")
            .patch("/Users/{ford}", json!([{ "op": "replace", "value": { "userName": "new@contoso.com" } }]))
            .at("/userName", "new@contoso.com")
            .at("/id", "{ford}"),
        of_ford("9 Disable User")
            .patch("/Users/{ford}", json!([{ "op": "replace", "path": "active", "value": false }]))
            .at("/active", false)
            .find("userName eq \"ford_purdy@contoso.com\"")
            .at("/Resources/0/active", false),
        of_nobody_much("10 Add Manager")
            .patch("/Users/{ford}", manager("add", json!({ "value": "AXTKDLNRKMKT" })))
            .at(enterprise("manager/value"), "AXTKDLNRKMKT"),
        of_nobody_much("10 as a bare string")
            .patch("/Users/{ford}", manager("add", json!("AXTKDLNRKMKT")))
            .at(enterprise("manager/value"), "AXTKDLNRKMKT"),
        of_ford("11 Replace Manager")
            .patch("/Users/{ford}", manager("replace", json!({ "value": "AXTKDLNRKMKT" })))
            .at(enterprise("manager/value"), "AXTKDLNRKMKT"),
        removing("12 Remove Manager", json!({ "op": "remove", "path": MANAGER })),
        removing(
            "12 by an empty value",
            json!({ "op": "replace", "path": MANAGER, "value": { "value": "" } }),
        ),
        removing("12 by an empty string", json!({ "op": "replace", "path": MANAGER, "value": "" })),
        of_ford("13 Delete a User").delete("/Users/{ford}").is(204).get("/Users/{ford}").refused(404, ""),
    ]
}

fn groups() -> Vec<Row> {
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "uhyyw",
        "externalId": "e-1",
    });
    vec![
        of_team("14 Get group by id excluding members")
            .get("/Groups/{team}?excludedAttributes=members")
            .is(200)
            .lacks("/members"),
        of_team("15 Filter for a group excluding members")
            .get("/Groups?excludedAttributes=members&filter=displayName+eq+%22Team%22")
            .finds(&["Team"])
            .lacks("/Resources/0/members"),
        of_team("16 to 18 Filter existing, non-existing, in different case")
            .get("/Groups?filter=displayName+eq+%22Team%22")
            .finds(&["Team"])
            .get("/Groups?filter=displayName+eq+%22nobody%22")
            .finds(&[])
            .get("/Groups?filter=displayName+eq+%22tEAM%22")
            .finds(&["Team"]),
        row("19 Create a new Group")
            .post("/Groups", group.clone())
            .is(201)
            .at("/displayName", "uhyyw")
            .at("/externalId", "e-1"),
        row("20 Create a duplicate Group")
            .given("g", "/Groups", group.clone())
            .post("/Groups", group)
            .refused(409, "uniqueness"),
        regrouped("21 Replace Attributes", json!([{ "op": "replace", "value": { "externalId": "e-2" } }]))
            .at("/externalId", "e-2")
            .members(&["ada", "bob"]),
        regrouped(
            "22 Update Group displayName",
            json!([{ "op": "replace", "value": { "displayName": "New" } }]),
        )
        .at("/displayName", "New"),
        regrouped(
            "23 Add Member, by replace",
            json!([{ "op": "replace", "path": "members", "value": [{ "value": "{eve}" }] }]),
        )
        .members(&["eve"]),
        regrouped("24 Remove Member", json!([{ "op": "remove", "path": "members[value eq \"{bob}\"]" }]))
            .members(&["ada"]),
        of_team("25 Delete a Group").delete("/Groups/{team}").is(204).get("/Groups/{team}").refused(404, ""),
    ]
}

fn preview() -> Vec<Row> {
    vec![
        of_ford("P1 several operations on different attributes")
            .patch(
                "/Users/{ford}",
                json!([
                    { "op": "remove", "path": "title" },
                    { "op": "add", "path": "nickName", "value": "Fo" },
                    { "op": "replace", "path": "displayName", "value": "Ford" },
                ]),
            )
            .lacks("/title")
            .at("/nickName", "Fo")
            .at("/displayName", "Ford"),
        of_ford("P2 several operations on one attribute, in order")
            .patch(
                "/Users/{ford}",
                json!([
                    { "op": "remove", "path": "title" },
                    { "op": "add", "path": "title", "value": "a" },
                    { "op": "replace", "path": "title", "value": "b" },
                ]),
            )
            .at("/title", "b"),
        row("P3 delete a non-existent user").delete("/Users/00919288221112222").refused(404, ""),
        of_ford("P4 delete the same user twice")
            .delete("/Users/{ford}")
            .is(204)
            .delete("/Users/{ford}")
            .refused(404, ""),
        regrouped(
            "P5 add and remove the same member in one PATCH",
            json!([
                { "op": "add", "path": "members", "value": [{ "value": "{eve}" }] },
                { "op": "remove", "path": "members[value eq \"{eve}\"]" },
            ]),
        )
        .members(&["ada", "bob"]),
        row("P6 delete a non-existent group").delete("/Groups/00919288221112222").refused(404, ""),
        of_team("P7 delete the same group twice")
            .delete("/Groups/{team}")
            .is(204)
            .delete("/Groups/{team}")
            .refused(404, ""),
    ]
}

fn quirks() -> Vec<Row> {
    vec![
        row("(a) run 26: roles.primary as a string")
            .post("/Users", generated())
            .is(201)
            .at("/roles/0/primary", true),
        row("(b) locale, profileUrl and preferredLanguage are random")
            .post("/Users", generated())
            .is(201)
            .at("/locale", "RJWNTUNNOHNZ"),
        row("(d), (e) run 32: what is advertised is kept, nothing is write-only, and there is no password")
            .get("/Schemas")
            .is(200)
            .holds("nothing is returned never or writeOnly", |list| {
                !list.text.contains("\"never\"") && !list.text.contains("writeOnly")
            })
            .holds("there is no password", |list| !list.text.contains("\"password\"")),
        of_ford("azure-docs#104859: the content type is SCIM's")
            .get("/Users/{ford}")
            .header("content-type", "application/scim+json"),
        of_ford("scimmy#59: PATCH with empty Operations")
            .patch("/Users/{ford}", json!([]))
            .refused(400, "invalidSyntax"),
        of_ford("scim-for-keycloak#87: emails[type eq \"untyped\"]")
            .patch(
                "/Users/{ford}",
                json!([
                    { "op": "add", "path": "emails[type eq \"untyped\"].value", "value": "x@contoso.com" },
                ]),
            )
            .at("/emails/1", json!({ "type": "untyped", "value": "x@contoso.com" })),
        of_ford("directory-scimple#1213: [primary EQ \"True\"]")
            .find("roles[primary EQ \"True\"]")
            .finds(&["ford_purdy@contoso.com"]),
        of_ford("MS Q&A 2238842: a disabled user is shown so, by id and by filter")
            .patch("/Users/{ford}", json!([{ "op": "replace", "path": "active", "value": false }]))
            .get("/Users/{ford}")
            .at("/active", false)
            .find("userName eq \"ford_purdy@contoso.com\"")
            .at("/Resources/0/active", false),
        row("unchecked: a string status, Location, an empty answer to a group's PATCH")
            .post("/Users", named("u"))
            .header("location", "{base}/Users/")
            .given("g", "/Groups", json!({ "displayName": "g" }))
            .patch("/Groups/{g}", json!([{ "op": "replace", "path": "displayName", "value": "h" }]))
            .is(204)
            .holds("it is empty", |answer| answer.text.is_empty())
            .get("/Users/nobody")
            .refused(404, "")
            .at("/status", "404"),
    ]
}
