//! docs/scim-clients.md §1.4 to §1.6, §1.11 and the parts of §1.1 that are not about shapes: cycles,
//! mappings, leavers, discovery.

use serde_json::{Value, json};

use super::given::{CORE, ENTERPRISE, USHER, ada, enterprise, named, of_ada, of_team, patched};
use super::row::{Request, Row, row};

pub(super) fn rows() -> Vec<Row> {
    [cycles(), mappings(), leavers(), vec![mapping()], discovery()].into_iter().flatten().collect()
}

fn cycles() -> Vec<Row> {
    vec![
        of_ada("1.4 an id that has vanished is 404")
            .delete("/Users/{ada}")
            .is(204)
            .patch("/Users/{ada}", json!([{ "op": "Replace", "path": "title", "value": "x" }]))
            .refused(404, ""),
        of_ada("1.4 what is not sent keeps its value")
            .put("/Users/{ada}", named("ada@contoso.com"))
            .is(200)
            .at("/title", "Countess")
            .at(enterprise("department"), "Engines"),
        leaving_at_once(),
        row("1.4 account discovery: everybody, page by page")
            .people(5)
            .get("/Users?startIndex=1&count=2")
            .at("/totalResults", 5)
            .at("/Resources/0/userName", "u1@contoso.com")
            .at("/Resources/1/userName", "u2@contoso.com")
            .get("/Users?startIndex=3&count=2")
            .at("/startIndex", 3)
            .at("/itemsPerPage", 2)
            .at("/Resources/0/userName", "u3@contoso.com")
            .get("/Users?startIndex=5&count=2")
            .at("/itemsPerPage", 1)
            .at("/Resources/0/userName", "u5@contoso.com"),
    ]
}

/// Many users are deactivated in one cycle. That must not be taken for an attack.
fn leaving_at_once() -> Row {
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let ids: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    let listed = row("1.4 twenty who are disabled at once").people(20).get("/Users?count=20");
    ids.iter()
        .enumerate()
        .fold(listed, |row, (n, id)| row.keep(id, format!("/Resources/{n}/id")))
        .together(
            ids.iter().map(|id| Request::patch(&format!("/Users/{{{id}}}"), off.clone())).collect(),
            &[200; 20],
        )
        .find("active eq true")
        .finds(&[])
        .find("active eq false")
        .at("/totalResults", 20)
}

fn mappings() -> Vec<Row> {
    vec![
        row("1.5 the custom extension, which schemas does not name")
            .given(
                "u",
                "/Users",
                json!({ "schemas": [CORE], "userName": "u", USHER: { "userType": "External" } }),
            )
            .at(format!("/{USHER}/userType"), "External")
            .patch(
                "/Users/{u}",
                json!([{ "op": "Replace", "path": format!("{USHER}:userType"), "value": "Collaborator" }]),
            )
            .at(format!("/{USHER}/userType"), "Collaborator")
            .patch(
                "/Users/{u}",
                json!([{ "op": "replace", "value": { format!("{USHER}:userType"): "Regular" } }]),
            )
            .at(format!("/{USHER}/userType"), "Regular"),
        row("1.5 SingleAppRoleAssignment")
            .post(
                "/Users",
                json!({
                    "userName": "u",
                    "roles": [
                        { "primary": true, "type": "WindowsAzureActiveDirectoryRole", "value": "Admin" },
                    ],
                }),
            )
            .is(201)
            .at("/roles/0/value", "Admin"),
        patched(
            "1.5 SingleAppRoleAssignment in PATCH: JSON in a string",
            json!([
                {
                    "op": "Add", "path": "roles",
                    "value": [{ "value": "{\"id\":\"guid\",\"value\":\"25\",\"displayName\":\"Role1234\"}" }],
                },
            ]),
        )
        .at("/roles/0/value", "25"),
        patched(
            "1.5 both at once",
            json!([
                {
                    "op": "Add", "path": "roles[primary eq \"True\"].value",
                    "value": "{\"id\":\"guid\",\"value\":\"25\"}",
                },
            ]),
        )
        .at("/roles", json!([{ "primary": true, "value": "25" }])),
        patched(
            "1.5 roles[primary eq \"True\"]",
            json!([
                { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin" },
                { "op": "Add", "path": "roles[primary eq \"True\"].display", "value": "Administrator" },
                { "op": "Add", "path": "roles[primary eq \"True\"].type", "value": "t" },
            ]),
        )
        .at(
            "/roles",
            json!([{ "primary": true, "value": "Admin", "display": "Administrator", "type": "t" }]),
        ),
        patched(
            "1.5 AppRoleAssignmentsComplex adds",
            json!([
                { "op": "add", "path": "roles", "value": [{ "primary": false, "value": "one" }] },
                { "op": "add", "path": "roles", "value": [{ "primary": false, "value": "two" }] },
            ]),
        )
        .holds("both roles are there", |user| {
            let roles = user.body["roles"].as_array().into_iter().flatten();
            roles.map(|role| role["value"].clone()).collect::<Value>() == json!(["one", "two"])
        }),
        patched(
            "1.5 AssertiveAppRoleAssignmentsComplex replaces",
            json!([
                { "op": "add", "path": "roles", "value": [{ "value": "old" }] },
                {
                    "op": "replace", "path": "roles",
                    "value": [{ "primary": false, "type": "t", "display": "d", "value": "v" }],
                },
            ]),
        )
        .at("/roles", json!([{ "primary": false, "type": "t", "display": "d", "value": "v" }])),
        row("1.5 a guest's user name")
            .given("guest", "/Users", named("ada_gmail.com#EXT#@contoso.onmicrosoft.com"))
            .find("userName eq \"ada_gmail.com#EXT#@contoso.onmicrosoft.com\"")
            .finds(&["ada_gmail.com#EXT#@contoso.onmicrosoft.com"]),
    ]
}

fn leavers() -> Vec<Row> {
    vec![
        of_team("1.6 disable and restore keep the memberships")
            .patch("/Users/{ada}", json!([{ "op": "Replace", "path": "active", "value": "False" }]))
            .get("/Groups/{team}")
            .members(&["ada", "bob"])
            .patch("/Users/{ada}", json!([{ "op": "Replace", "path": "active", "value": "True" }]))
            .at("/active", true)
            .at("/groups/0/value", "{team}"),
        of_team("1.6 a hard delete")
            .delete("/Users/{ada}")
            .is(204)
            .get("/Groups/{team}")
            .members(&["bob"])
            .find("id eq \"{ada}\"")
            .finds(&[]),
    ]
}

/// The default mapping of users (§1.5), written to a user who has only a name.
fn mapping() -> Row {
    let work = |part: &str| format!("addresses[type eq \"work\"].{part}");
    let written: Vec<(String, &str, String)> = [
        ("displayName", "/displayName"),
        ("title", "/title"),
        ("emails[type eq \"work\"].value", "/emails/0/value"),
        ("preferredLanguage", "/preferredLanguage"),
        ("name.givenName", "/name/givenName"),
        ("name.familyName", "/name/familyName"),
        ("name.formatted", "/name/formatted"),
        ("phoneNumbers[type eq \"work\"].value", "/phoneNumbers/0/value"),
        ("phoneNumbers[type eq \"mobile\"].value", "/phoneNumbers/1/value"),
        ("phoneNumbers[type eq \"fax\"].value", "/phoneNumbers/2/value"),
        ("externalId", "/externalId"),
    ]
    .map(|(path, pointer)| {
        let value = if path.starts_with("emails") { "u@contoso.com" } else { path };
        (path.to_owned(), value, pointer.to_owned())
    })
    .into_iter()
    .chain(
        ["streetAddress", "locality", "region", "postalCode", "country"]
            .map(|part| (work(part), part, format!("/addresses/0/{part}"))),
    )
    .chain([
        ("addresses[type eq \"other\"].formatted".to_owned(), "office", "/addresses/1/formatted".to_owned()),
        ("emails[type eq \"other\"].value".to_owned(), "proxy", "/emails/1/value".to_owned()),
        (format!("{ENTERPRISE}:department"), "department", enterprise("department")),
        (format!("{ENTERPRISE}:employeeNumber"), "number", enterprise("employeeNumber")),
        (format!("{ENTERPRISE}:manager"), "manager", enterprise("manager/value")),
    ])
    .collect();
    let operations: Vec<Value> =
        written.iter().map(|(path, value, _)| json!({ "op": "Add", "path": path, "value": value })).collect();
    let row = row("1.5 the default mapping")
        .given("u", "/Users", named("u"))
        .patch("/Users/{u}", json!(operations));
    written.into_iter().fold(row, |row, (_, value, pointer)| row.at(pointer, value))
}

fn discovery() -> Vec<Row> {
    vec![
        row("1.11 /Schemas is a list with camel case names and without nulls")
            .get("/Schemas")
            .is(200)
            .at("/schemas", json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]))
            .holds("there is no null", |list| !list.text.contains("null"))
            .holds("names begin with a small letter or $", |list| {
                let schemas = list.body["Resources"].as_array().into_iter().flatten();
                let attributes = schemas.flat_map(
                    |schema| schema["attributes"].as_array().into_iter().flatten(),
                );
                attributes.filter_map(|attribute| attribute["name"].as_str())
                    .all(|name| name.starts_with(|c: char| c.is_ascii_lowercase() || c == '$'))
            }),
        row("1.11 values come back as they were sent")
            .post(
                "/Users",
                json!({ "userName": "u", "phoneNumbers": [{ "type": "work", "value": " (555) 1-2;ext=7 " }] }),
            )
            .at("/phoneNumbers/0/value", " (555) 1-2;ext=7 "),
        row("1.1 invalid values are refused with a detail that says which")
            .post("/Users", json!({ "userName": "u", "active": "perhaps" }))
            .refused(400, "invalidValue")
            .told("active"),
        row("1.1 types of responses: filters give a list")
            .post("/Users", ada())
            .find("externalId eq \"Ada-1\" and userName eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"]),
    ]
}
