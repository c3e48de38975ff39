//! docs/scim-lessons.md §1: faults of servers with Entra from public issue trackers, up to #27. `matching`
//! has the others, and `checklist` has #28 and #29 to the letter.

use http::Method;
use serde_json::{Value, json};

use super::given::{
    CORE, ENTERPRISE, MANAGER, USHER, enterprise, named, of_ada, of_team, patched, regrouped,
};
use super::row::{Row, row};

const WORK: &str = "emails[type eq \"work\"].value";
const MOBILE: &str = "phoneNumbers[type eq \"mobile\"].value";

pub(super) fn rows() -> Vec<Row> {
    [values(), members(), paths()].into_iter().flatten().collect()
}

fn values() -> Vec<Row> {
    vec![
        patched(
            "#1 scimmyjs/scimmy#51: \"False\"",
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        )
        .at("/active", false),
        patched(
            "#1 thomaspoignant/scim-patch#872: \"true\"",
            json!([{ "op": "replace", "path": "active", "value": "true" }]),
        )
        .at("/active", true),
        patched(
            "#1 SRC#21, bytebase#19073: any case",
            json!([{ "op": "Add", "path": "active", "value": "fAlSe" }]),
        )
        .at("/active", false),
        of_ada("#1 Captain-P-Goldfish/scim-for-keycloak#119: in PUT")
            .put("/Users/{ada}", json!({ "userName": "ada@contoso.com", "active": "False" }))
            .is(200)
            .at("/active", false),
        patched(
            "#1 Unleash/unleash#9336: what is no boolean",
            json!([{ "op": "replace", "path": "active", "value": "no" }]),
        )
        .refused(400, "invalidValue")
        .get("/Users/{ada}")
        .at("/active", true),
        patched(
            "#2 TUT: op in any case",
            json!([
                { "op": "Add", "path": "nickName", "value": "a" },
                { "op": "REPLACE", "path": "displayName", "value": "b" },
                { "op": "Remove", "path": "title" },
            ]),
        )
        .at("/nickName", "a")
        .at("/displayName", "b")
        .lacks("/title"),
        of_ada("#2 ssoready/ssoready#182: operations in small letters")
            .send(
                Method::PATCH,
                "/Users/{ada}",
                r#"{"operations": [{"op": "replace", "path": "title", "value": "x"}]}"#,
            )
            .at("/title", "x"),
        row("#3 scim-for-keycloak#73, SCIM-SDK#416, wire-server#5419: no work address to replace")
            .given("u", "/Users", named("u"))
            .patch("/Users/{u}", json!([{ "op": "Replace", "path": WORK, "value": "u@contoso.com" }]))
            .at("/emails", json!([{ "type": "work", "value": "u@contoso.com" }])),
        row("#3 limosa-io/laravel-scim-server#119, scim-patch#42: none to add to")
            .given("u", "/Users", named("u"))
            .patch("/Users/{u}", json!([{ "op": "Add", "path": WORK, "value": "u@contoso.com" }]))
            .at("/emails", json!([{ "type": "work", "value": "u@contoso.com" }])),
        patched(
            "#4 better-auth/better-auth#10682: one of these among several",
            json!([
                { "op": "Replace", "path": "displayName", "value": "New" },
                { "op": "Add", "path": MOBILE, "value": "+1" },
            ]),
        )
        .at("/displayName", "New")
        .at("/phoneNumbers/0/value", "+1"),
        patched(
            "#4 but real errors refuse all of it",
            json!([
                { "op": "Replace", "path": "displayName", "value": "New" },
                { "op": "Replace", "path": "nope", "value": "x" },
            ]),
        )
        .refused(400, "invalidPath")
        .get("/Users/{ada}")
        .at("/displayName", "Ada Lovelace"),
        patched(
            "#5 pingidentity/scim2#281: Add to what is there",
            json!([{ "op": "Add", "path": WORK, "value": "new@contoso.com" }]),
        )
        .has("/emails", 2)
        .at("/emails/0/value", "new@contoso.com"),
        row("#6 SRC#48, SRC#51: a mobile number where there is one of work")
            .given(
                "u",
                "/Users",
                json!({ "userName": "u", "phoneNumbers": [{ "type": "work", "value": "1" }] }),
            )
            .patch("/Users/{u}", json!([{ "op": "Add", "path": MOBILE, "value": "2" }]))
            .at(
                "/phoneNumbers",
                json!([{ "type": "work", "value": "1" }, { "type": "mobile", "value": "2" }]),
            ),
        row("#7 zitadel/zitadel#9690: an address without a type")
            .given("u", "/Users", json!({ "userName": "u", "emails": [{ "value": "u@contoso.com" }] }))
            .find("emails[type eq \"work\"].value eq \"u@contoso.com\"")
            .finds(&["u"])
            .patch("/Users/{u}", json!([{ "op": "Replace", "path": WORK, "value": "v@contoso.com" }]))
            .at("/emails", json!([{ "value": "v@contoso.com", "type": "work" }])),
    ]
}

fn members() -> Vec<Row> {
    vec![
        regrouped(
            "#8 simpleidserver/SimpleIdServer#164, SRC#10: Remove with a list",
            json!([{ "op": "Remove", "path": "members", "value": [{ "value": "{bob}" }] }]),
        )
        .members(&["ada"]),
        regrouped(
            "#9 SCIM-SDK#149, ssoready#182: the same is no error",
            json!([
                { "op": "remove", "path": "members", "value": [{ "value": "{ada}" }, { "value": "{eve}" }] },
            ]),
        )
        .members(&["bob"]),
        regrouped(
            "#10 pond/scimitar#43: \"$ref\": null",
            json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "{eve}" }] }]),
        )
        .members(&["ada", "bob", "eve"]),
        regrouped(
            "#11 SimpleIdServer#245: adding a member again",
            json!([{ "op": "Add", "path": "members", "value": [{ "value": "{ada}" }] }]),
        )
        .members(&["ada", "bob"]),
        regrouped(
            "#11 SRC#10: removing somebody who is no member",
            json!([{ "op": "Remove", "path": "members", "value": [{ "value": "{eve}" }] }]),
        )
        .members(&["ada", "bob"]),
        of_team("#25 Metatavu/keycloak-scim-server#46, ssoready#232: filters of groups")
            .given("other", "/Groups", json!({ "displayName": "Other", "externalId": "e-1" }))
            .find_groups("displayName eq \"Other\"")
            .finds(&["Other"])
            .find_groups("externalId eq \"e-1\"")
            .finds(&["Other"])
            .find_groups("externalId eq \"E-1\"")
            .finds(&[])
            .find_groups("displayName eq \"Other\" and externalId eq \"e-1\"")
            .finds(&["Other"])
            .find_groups("displayName eq \"Team\" and externalId eq \"e-1\"")
            .finds(&[]),
        of_team("#26 SimpleIdServer#490, Infisical#6525: excludedAttributes=members")
            .get("/Groups/{team}?excludedAttributes=members")
            .lacks("/members")
            .at("/displayName", "Team"),
        many_members(),
    ]
}

/// Adds 150 members at once, and removes 120 of them by one PATCH with one operation each.
fn many_members() -> Row {
    let people: Vec<String> = (0..150).map(|n| format!("p{n}")).collect();
    let operations: Vec<Value> = people
        .iter()
        .map(|name| {
            json!({
                "method": "POST", "path": "/Users", "bulkId": name, "data": { "userName": name },
            })
        })
        .chain([json!({ "method": "POST", "path": "/Groups", "bulkId": "g", "data": {
            "displayName": "Large",
            "members": people.iter()
                .map(|name| json!({ "value": format!("bulkId:{name}") })).collect::<Vec<_>>(),
        } })])
        .collect();
    let removals: Vec<Value> = (0..120)
        .map(|n| json!({ "op": "remove", "path": format!("members[value eq \"{{m{n}}}\"]") }))
        .collect();
    let row = row(
        "#27 FusionAuth/fusionauth-issues#2784, authentik#20410: more than 100 members and operations",
    )
    .post(
        "/Bulk",
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations }),
    )
    .is(200)
    .at("/Operations/150/status", "201")
    .find_groups("displayName eq \"Large\"")
    .keep("large", "/Resources/0/id")
    .get("/Groups/{large}")
    .has("/members", 150);
    (0..120)
        .fold(row, |row, n| row.keep(format!("m{n}"), format!("/members/{n}/value")))
        .patch("/Groups/{large}", json!(removals))
        .is(204)
        .get("/Groups/{large}")
        .has("/members", 30)
}

fn paths() -> Vec<Row> {
    let department = format!("{ENTERPRISE}:department");
    vec![
        patched(
            "#12 scimmy#10, SCIM-SDK#267: dotted keys",
            json!([{ "op": "replace", "value": { "name.givenName": "A" } }]),
        )
        .at("/name", json!({ "givenName": "A", "familyName": "Lovelace", "formatted": "Ada Lovelace" }))
        .lacks("/name.givenName"),
        patched(
            "#13 SCIM-SDK#327: an object with one part",
            json!([{ "op": "replace", "value": { "name": { "givenName": "A" } } }]),
        )
        .at("/name/givenName", "A")
        .at("/name/familyName", "Lovelace"),
        patched(
            "#13 SimpleIdServer#690: by path",
            json!([{ "op": "replace", "path": "name", "value": { "familyName": "L" } }]),
        )
        .at("/name/givenName", "Ada")
        .at("/name/familyName", "L"),
        patched(
            "#14 pingidentity/scim2#104: the dot of \"2.0\"",
            json!([{ "op": "Replace", "path": department, "value": "D" }]),
        )
        .at(enterprise("department"), "D")
        .at(enterprise("employeeNumber"), "0042"),
        patched(
            "#14 zulip#39773: the core URN",
            json!([{ "op": "replace", "path": format!("{CORE}:title"), "value": "T" }]),
        )
        .at("/title", "T"),
        patched(
            "#15 directory-scimple#695: the extension by path",
            json!([{ "op": "add", "path": ENTERPRISE, "value": { "costCenter": "7" } }]),
        )
        .at(enterprise("costCenter"), "7")
        .at(enterprise("department"), "Engines"),
        patched(
            "#15 the extension in a value",
            json!([{ "op": "replace", "value": { ENTERPRISE: { "costCenter": "7" } } }]),
        )
        .at(enterprise("costCenter"), "7")
        .at(enterprise("department"), "Engines"),
        patched(
            "#15 wso2#11678: manager.value",
            json!([{ "op": "replace", "path": format!("{MANAGER}.value"), "value": "26" }]),
        )
        .at(enterprise("manager/value"), "26"),
        row("#16 SCIM-SDK#686, directory-scimple#1242: a manager as a string in POST")
            .post("/Users", json!({ "userName": "u", ENTERPRISE: { "manager": "26" } }))
            .is(201)
            .at(enterprise("manager/value"), "26"),
        patched(
            "#16 azure-docs#69234: a manager as a list of one",
            json!([{ "op": "Add", "path": "manager", "value": [{ "value": "26" }] }]),
        )
        .at(enterprise("manager/value"), "26"),
        patched(
            "#17 Budibase#15369, #18 azure-docs#11784: it is an object under the enterprise URN",
            json!([{ "op": "Add", "path": MANAGER, "value": "26" }]),
        )
        .get("/Users/{ada}")
        .at(enterprise("manager/value"), "26")
        .lacks("/manager")
        .get("/Users?filter=userName eq \"ada@contoso.com\"")
        .at(format!("/Resources/0{}", enterprise("manager/value")), "26"),
        of_ada("#19 lightdash#25676: roles[primary eq \"True\"]")
            .patch(
                "/Users/{ada}",
                json!([{ "op": "Add", "path": "roles", "value": [{ "primary": "True", "value": "a" }] }]),
            )
            .patch(
                "/Users/{ada}",
                json!([{ "op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "b" }]),
            )
            .at("/roles", json!([{ "primary": true, "value": "b" }])),
        patched(
            "#20 azure-docs#50772: a role as JSON in a string",
            json!([
                {
                    "op": "Add", "path": "roles",
                    "value": [{ "value": r#"{"id":"guid","value":"25","displayName":"Role1234"}"# }],
                },
            ]),
        )
        .at("/roles/0/value", "25"),
        row("#21 buildbuddy#10578: several roles, kept as they are, and they decide nothing about the seat")
            .post(
                "/Users",
                json!({ "userName": "u", "roles": [{ "value": "Admin" }, { "value": "Collaborator" }] }),
            )
            .has("/roles", 2)
            .at(format!("/{USHER}/userType"), "Regular"),
    ]
}
