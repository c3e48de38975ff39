//! docs/scim-clients.md §2.4: the two Postman collections of AzureAD/SCIMReferenceCode. Two of their requests
//! are omitted: `/Token` gives away the sample's own tokens, and `/serviceConfiguration` is a misspelled URL.

use http::Method;
use serde_json::json;

use super::given::{CORE, ENTERPRISE, enterprise, named, of_ada, of_team};
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    [endpoints_and_users(), groups_and_projection(), garbage(), inbound()].into_iter().flatten().collect()
}

fn bob() -> serde_json::Value {
    json!({
        "schemas": [
            CORE,
            ENTERPRISE,
        ], "userName": "Olaf", "externalId": "bob1", "displayName": "BobIsAmazing", "active": true,
        "name": { "givenName": "Bob", "familyName": "Employee" },
        "emails": [
            { "Primary": true, "type": "work", "Value": "bob@example.com" },
            { "type": "home", "Value": "bob@home.example" },
        ],
        ENTERPRISE: { "Department": "bob", "Manager": { "Value": "SuzzyQ" } },
    })
}

fn of_bob(source: &'static str) -> Row {
    row(source).given("bob", "/Users", bob())
}

fn endpoints_and_users() -> Vec<Row> {
    vec![
        row("2 endpoint tests")
            .get("/Users")
            .is(200)
            .get("/Groups")
            .is(200)
            .get("/ResourceTypes")
            .is(200)
            .at("/Resources/0/endpoint", "/Users")
            .get("/ServiceProviderConfig")
            .at("/patch/supported", true)
            .get("/Schemas")
            .holds("it has \"User Account\"", |list| list.text.contains("User Account")),
        of_bob("3 Post EnterpriseUser with capitalised keys")
            .get("/Users/{bob}")
            .at("/emails/0", json!({ "primary": true, "type": "work", "value": "bob@example.com" }))
            .at(enterprise("department"), "bob")
            .at(enterprise("manager/value"), "SuzzyQ"),
        of_bob("3 attributes=userName,emails")
            .get("/Users/{bob}?attributes=userName,emails")
            .at("/userName", "Olaf")
            .at("/emails/0/value", "bob@example.com")
            .lacks("/displayName")
            .at("/id", "{bob}"),
        of_bob("3 filter=DisplayName+eq+%22BobIsAmazing%22")
            .get("/Users?filter=DisplayName+eq+%22BobIsAmazing%22")
            .finds(&["Olaf"]),
        of_bob("3 PATCH replace userName, check, PUT replace, check, DELETE")
            .patch("/Users/{bob}", json!([{ "op": "replace", "path": "userName", "value": "ryan3" }]))
            .get("/Users/{bob}")
            .at("/userName", "ryan3")
            .put("/Users/{bob}", json!({ "schemas": [CORE], "userName": "ryan4", "displayName": "Ryan" }))
            .is(200)
            .get("/Users/{bob}")
            .at("/userName", "ryan4")
            .at("/displayName", "Ryan")
            .delete("/Users/{bob}")
            .is(204),
    ]
}

fn groups_and_projection() -> Vec<Row> {
    let members = json!([{ "value": "{ada}", "display": "Ada" }, { "value": "{bob}", "display": "Bob" }]);
    vec![
        row("4 create an empty group")
            .post("/Groups", json!({ "displayName": "Group1", "members": [] }))
            .is(201)
            .lacks("/members"),
        of_team("4 create a filled group, list, PUT")
            .given("filled", "/Groups", json!({ "displayName": "Filled", "members": members }))
            .members(&["ada", "bob"])
            .get("/Groups")
            .finds(&["Team", "Filled"])
            .put("/Groups/{filled}", json!({ "displayName": "Putted", "members": [{ "value": "{eve}" }] }))
            .is(200)
            .at("/displayName", "Putted")
            .members(&["eve"]),
        of_team("4 add a member: an extra key in the operation, displayName in the member")
            .patch(
                "/Groups/{team}",
                json!([
                    {
                        "name": "addMember", "op": "add", "path": "members",
                        "value": [{ "displayName": "new", "value": "{eve}" }],
                    },
                ]),
            )
            .is(204)
            .get("/Groups/{team}")
            .members(&["ada", "bob", "eve"]),
        of_team("4 remove members[value eq]")
            .patch("/Groups/{team}", json!([{ "op": "remove", "path": "members[value eq \"{bob}\"]" }]))
            .get("/Groups/{team}")
            .members(&["ada"]),
        of_team("4 remove members: all")
            .patch("/Groups/{team}", json!([{ "op": "remove", "path": "members" }]))
            .get("/Groups/{team}")
            .members(&[])
            .delete("/Groups/{team}")
            .is(204),
        of_bob("5 attributes=emails[type eq \"work\"]")
            .get("/Users/{bob}?attributes=emails[type eq \"work\"]")
            .is(200)
            .at("/emails/0/value", "bob@example.com")
            .lacks("/userName"),
        of_bob("5 attributes=emails[value eq …]")
            .get("/Users/{bob}?attributes=emails[value eq \"bob@example.com\"]")
            .is(200)
            .at("/emails/0/value", "bob@example.com")
            .lacks("/userName"),
    ]
}

fn garbage() -> Vec<Row> {
    vec![
        row("6 active: \"True\"")
            .post("/Users", json!({ "userName": "u", "active": "True" }))
            .is(201)
            .at("/active", true),
        row("6 POST without userName")
            .post("/Users", json!({ "displayName": "x" }))
            .refused(400, "invalidValue")
            .told("userName"),
        row("6 malformed JSON")
            .send(Method::POST, "/Users", "{\"userName\": \"u\",")
            .refused(400, "invalidSyntax"),
        of_bob("6 duplicate, three times")
            .post("/Users", bob())
            .refused(409, "uniqueness")
            .post("/Users", bob())
            .refused(409, "uniqueness")
            .post("/Users", bob())
            .refused(409, "uniqueness"),
        of_bob("6 PUT without userName")
            .put("/Users/{bob}", json!({ "schemas": [CORE], "displayName": "x" }))
            .refused(400, "invalidValue")
            .told("userName"),
        of_bob("6 PUT with a misspelled attribute")
            .put("/Users/{bob}", json!({ "userName": "Olaf", "dispalyName": "x" }))
            .is(200)
            .lacks("/dispalyName"),
        row("6 two work addresses and nulls in them")
            .post(
                "/Users",
                json!({
                    "userName": "u",
                    "emails": [
                        { "type": "work", "value": "a@x.example", "display": null },
                        { "type": "work", "value": "b@x.example" },
                    ],
                }),
            )
            .is(201)
            .at(
                "/emails",
                json!([
                    { "type": "work", "value": "a@x.example" },
                    { "type": "work", "value": "b@x.example" },
                ]),
            ),
        of_bob("6 PATCH of userName and of active")
            .patch("/Users/{bob}", json!([{ "op": "replace", "path": "userName", "value": "ryan3" }]))
            .at("/userName", "ryan3")
            .patch("/Users/{bob}", json!([{ "op": "replace", "path": "active", "value": false }]))
            .at("/active", false),
        row("6 startIndex=1&count=2")
            .people(3)
            .get("/Users?startIndex=1&count=2")
            .at("/totalResults", 3)
            .at("/itemsPerPage", 2)
            .has("/Resources", 2),
        of_bob("6 unquoted values, brackets, two names")
            .get(
                "/Users?filter=name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)",
            )
            .finds(&["Olaf"])
            .get("/Users?filter=userName sw O")
            .finds(&["Olaf"])
            .get("/Users?filter=userName sw P")
            .finds(&[]),
        of_bob("6 an unquoted time with seven digits and an offset")
            .get("/Users?filter=meta.Created gt 2015-10-10T14:38:21.8617979-07:00")
            .finds(&["Olaf"])
            .get("/Users?filter=meta.Created lt 2015-10-10T14:38:21.8617979-07:00")
            .finds(&[]),
        of_team("7 add members: a bare string")
            .patch("/Groups/{team}", json!([{ "op": "add", "path": "members", "value": "{eve}" }]))
            .is(204)
            .get("/Groups/{team}")
            .members(&["ada", "bob", "eve"]),
        of_team("7 a bare string that is nobody's id")
            .patch("/Groups/{team}", json!([{ "op": "add", "path": "members", "value": "string id 1" }]))
            .refused(400, "invalidValue")
            .told("string id 1"),
        of_team("7 excludedAttributes=members, PUT without members")
            .get("/Groups?excludedAttributes=members")
            .finds(&["Team"])
            .lacks("/Resources/0/members")
            .put("/Groups/{team}", json!({ "displayName": "Team2" }))
            .is(200)
            .members(&["ada", "bob"]),
        of_ada("8 teardown").delete("/Users/{ada}").is(204).get("/Users").finds(&[]),
    ]
}

/// The second collection, "SCIM Inbound".
fn inbound() -> Vec<Row> {
    vec![
        of_ada("Inbound: id eq, ActiVe eq true")
            .find("id eq \"{ada}\"")
            .finds(&["ada@contoso.com"])
            .get("/Users?filter=ActiVe eq true")
            .finds(&["ada@contoso.com"]),
        row("Inbound: active, times, count=5&startIndex=6")
            .people(7)
            .get(
                "/Users?filter=active eq true and (meta.lastModified ge \"2015-10-10T00:00:00Z\" and meta.lastModified le \"2999-01-01T00:00:00Z\")&count=5&startIndex=6",
            )
            .at("/totalResults", 7)
            .at("/startIndex", 6)
            .at("/itemsPerPage", 2),
        row("Inbound: startIndex=0")
            .given("u", "/Users", named("u"))
            .get("/Users?startIndex=0")
            .finds(&["u"])
            .at("/startIndex", 1),
        of_ada("Inbound: a dot before the attribute of an extension, a string")
            .patch(
                "/Users/{ada}",
                json!([{ "op": "replace", "path": format!("{ENTERPRISE}.manager"), "value": "26" }]),
            )
            .at(enterprise("manager/value"), "26"),
    ]
}
