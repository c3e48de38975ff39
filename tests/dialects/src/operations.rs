//! PATCH operations and documents that identity providers were seen to send and that are in no other table:
//! elements of lists, whole extensions, members in unusual shapes.

use http::Method;
use serde_json::json;

use super::given::{CORE, ENTERPRISE, USHER, enterprise, named, of_ada, of_team, patched};
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    [elements(), wholes(), documents(), members()].into_iter().flatten().collect()
}

fn elements() -> Vec<Row> {
    let one = |source, operation: serde_json::Value| patched(source, json!([operation]));
    vec![
        one(
            "an element by its filter keeps the parts that were not sent",
            json!({
                "op": "replace", "path": "emails[type eq \"work\"]", "value": { "value": "w@contoso.com" },
            }),
        )
        .at("/emails/0", json!({ "type": "work", "primary": true, "value": "w@contoso.com" })),
        one(
            "apache/directory-scimple#1213: [primary EQ \"True\"] in a path",
            json!({ "op": "replace", "path": "emails[primary EQ \"True\"].value", "value": "p@contoso.com" }),
        )
        .at("/emails/0/value", "p@contoso.com")
        .at("/emails/1/value", "ada@home.example"),
        one("removal of what is not there", json!({ "op": "remove", "path": "emails[type eq \"other\"]" }))
            .is(200)
            .has("/emails", 2)
            .at("/meta/version", "W/\"1\""),
        one(
            "removal by or",
            json!({ "op": "remove", "path": "emails[type eq \"home\" or type eq \"work\"]" }),
        )
        .lacks("/emails"),
        one(
            "removal of elements that the value names",
            json!({ "op": "Remove", "path": "emails", "value": [{ "value": "ada@home.example" }] }),
        )
        .has("/emails", 1)
        .at("/emails/0/type", "work"),
        one(
            "the same address for another purpose is another element",
            json!({
                "op": "add", "path": "emails", "value": [{ "value": "ada@home.example", "type": "other" }],
            }),
        )
        .has("/emails", 3),
        one(
            "there is one primary: the last that says so",
            json!({
                "op": "add", "path": "emails",
                "value": { "value": "p@contoso.com", "type": "other", "primary": true },
            }),
        )
        .at("/emails/0/primary", false)
        .at("/emails/2/primary", true),
        one(
            "primary as a string, by path",
            json!({ "op": "Replace", "path": "emails[type eq \"home\"].primary", "value": "True" }),
        )
        .at("/emails/0/primary", false)
        .at("/emails/1/primary", true),
        one("a bare role", json!({ "op": "Add", "path": "roles", "value": "Admin" }))
            .at("/roles", json!([{ "value": "Admin" }])),
        one(
            "scimmy#10: objects and dotted keys in one value",
            json!({ "op": "replace", "value": { "name": { "givenName": "A" }, "name.familyName": "L" } }),
        )
        .at("/name", json!({ "givenName": "A", "familyName": "L", "formatted": "Ada Lovelace" })),
        one(
            "elimity-com/scim#112: a path with a filter as a key",
            json!({ "op": "add", "value": { "emails[type eq \"work\"].value": "k@contoso.com" } }),
        )
        .at("/emails/0/value", "k@contoso.com"),
        one(
            "langwatch#7136: what is no element",
            json!({ "op": "replace", "path": "emails", "value": [[1]] }),
        )
        .refused(400, "invalidValue"),
        one("a path that can't be read", json!({ "op": "replace", "path": "title[", "value": "x" }))
            .refused(400, "invalidPath"),
    ]
}

fn wholes() -> Vec<Row> {
    vec![
        patched(
            "the core URN as a container",
            json!([
                { "op": "replace", "path": CORE, "value": { "title": "T", "name": { "givenName": "A" } } },
            ]),
        )
        .at("/title", "T")
        .at("/name/givenName", "A")
        .at("/name/familyName", "Lovelace"),
        patched("an extension is removed", json!([{ "op": "remove", "path": ENTERPRISE }]))
            .lacks(format!("/{ENTERPRISE}"))
            .at("/schemas", json!([CORE, USHER])),
        patched(
            "a null for active switches nobody",
            json!([{ "op": "replace", "path": "active", "value": null }]),
        )
        .at("/active", true),
        patched(
            "times are the service's",
            json!([{ "op": "replace", "path": "meta.created", "value": "x" }]),
        )
        .refused(400, "mutability"),
        patched(
            "user types in any case",
            json!([{ "op": "Add", "path": format!("{USHER}:userType"), "value": "external" }]),
        )
        .at(format!("/{USHER}/userType"), "External"),
        patched(
            "the client's own user type is any text, and decides the seat where it is a class",
            json!([{ "op": "replace", "path": "userType", "value": "Employee" }]),
        )
        .at("/userType", "Employee")
        .at(format!("/{USHER}/userType"), "Regular"),
        patched("such as this one", json!([{ "op": "replace", "path": "userType", "value": "external" }]))
            .at("/userType", "external")
            .at(format!("/{USHER}/userType"), "External"),
        patched(
            "an unknown user type",
            json!([{ "op": "replace", "path": format!("{USHER}:userType"), "value": "Licensed" }]),
        )
        .refused(400, "invalidValue")
        .told("Regular, External, Collaborator"),
        patched("a removal must say of what", json!([{ "op": "remove" }])).refused(400, "noTarget"),
        of_ada("a PATCH without operations")
            .send(Method::PATCH, "/Users/{ada}", "{}")
            .refused(400, "invalidSyntax"),
    ]
}

fn documents() -> Vec<Row> {
    vec![
        row("without active and user type: active and Regular")
            .post("/Users", named("u"))
            .is(201)
            .at("/active", true)
            .lacks("/userType")
            .at(format!("/{USHER}/userType"), "Regular"),
        of_ada("what is always returned can't be excluded; what is asked for comes after writes too")
            .get("/Users/{ada}?excludedAttributes=id,userName,emails")
            .at("/id", "{ada}")
            .lacks("/emails")
            .put("/Users/{ada}?attributes=title", json!({ "userName": "ada@contoso.com", "title": "T" }))
            .at("/title", "T")
            .lacks("/emails"),
        row("an endpoint that is none").get("/Nothing").refused(404, ""),
        row("a document that is none").send(Method::POST, "/Users", "[]").refused(400, "invalidSyntax"),
        row("an empty document")
            .send(Method::POST, "/Users", "{}")
            .refused(400, "invalidValue")
            .told("userName"),
        row("all faults at once")
            .post(
                "/Users",
                json!({ "userName": "u", "active": "perhaps", "name": 7, USHER: { "userType": "Boss" } }),
            )
            .refused(400, "invalidValue")
            .told("active")
            .told("name")
            .told("Regular, External, Collaborator"),
        row("a key twice")
            .send(Method::POST, "/Users", r#"{"userName": "a", "userName": "b"}"#)
            .refused(400, "invalidSyntax"),
        row("another media type")
            .send(Method::POST, "/Users", "<user/>")
            .with("content-type", "text/xml")
            .refused(415, ""),
        of_ada("PUT clears what is null, and keeps what it does not name")
            .put(
                "/Users/{ada}",
                json!({ "userName": "ada@contoso.com", "title": null, "name": { "familyName": "King" } }),
            )
            .lacks("/title")
            .at("/name/familyName", "King")
            .at("/name/givenName", "Ada")
            .at(enterprise("department"), "Engines"),
        of_ada("PUT writes the whole resource in the strict profile")
            .strict()
            .put("/Users/{ada}", json!({ "schemas": [CORE], "userName": "ada@contoso.com" }))
            .lacks("/title")
            .lacks("/emails")
            .lacks(format!("/{ENTERPRISE}"))
            .at("/active", true),
    ]
}

fn members() -> Vec<Row> {
    let made = |source, members: serde_json::Value| {
        row(source)
            .given("ada", "/Users", named("ada"))
            .post("/Groups", json!({ "displayName": "g", "members": members }))
    };
    vec![
        made(
            "a member twice, in capitals",
            json!([{ "value": "{ada}" }, { "Value": "{ada}", "type": "User" }]),
        )
        .members(&["ada"]),
        made("a member by address", json!([{ "$ref": "{base}/Users/{ada}" }])).members(&["ada"]),
        made("a bare id", json!("{ada}")).members(&["ada"]),
        made("null members", json!(null)).is(201).lacks("/members"),
        made("members without an id", json!([{ "display": "Ada" }])).refused(400, "invalidValue"),
        of_team("groups in a circle")
            .given("outer", "/Groups", json!({ "displayName": "Outer", "members": [{ "value": "{team}" }] }))
            .patch(
                "/Groups/{team}",
                json!([{ "op": "add", "path": "members", "value": [{ "value": "{outer}" }] }]),
            )
            .is(400)
            .get("/Groups/{team}")
            .members(&["ada", "bob"]),
    ]
}
