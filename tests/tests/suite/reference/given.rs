//! Who is there when a row begins.

use serde_json::{Value, json};

use super::row::{Row, row};

pub(super) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(super) const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";
pub(super) const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/// A place in the enterprise extension, as a JSON pointer.
pub(super) fn enterprise(name: &str) -> String {
    format!("/{ENTERPRISE}/{name}")
}

/// A user with something at every kind of place.
pub(super) fn ada() -> Value {
    json!({
        "schemas": [CORE, ENTERPRISE],
        "externalId": "Ada-1",
        "userName": "ada@contoso.com",
        "name": { "givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace" },
        "displayName": "Ada Lovelace",
        "title": "Countess",
        "active": true,
        "emails": [
            { "type": "work", "primary": true, "value": "ada@contoso.com" },
            { "type": "home", "value": "ada@home.example" },
        ],
        ENTERPRISE: { "department": "Engines", "employeeNumber": "0042" },
    })
}

/// A user with a name and nothing else.
pub(super) fn named(user_name: &str) -> Value {
    json!({ "userName": user_name })
}

/// A row that begins with Ada.
pub(super) fn of_ada(source: &'static str) -> Row {
    row(source).given("ada", "/Users", ada())
}

/// A row in which Ada is patched.
pub(super) fn patched(source: &'static str, operations: Value) -> Row {
    of_ada(source).patch("/Users/{ada}", operations)
}

/// A row that begins with Ada, Bob and Eve, and a group of the first two.
pub(super) fn of_team(source: &'static str) -> Row {
    ["ada", "bob", "eve"]
        .into_iter()
        .fold(row(source), |row, name| row.given(name, "/Users", named(&format!("{name}@contoso.com"))))
        .given(
            "team",
            "/Groups",
            json!({ "displayName": "Team", "members": [{ "value": "{ada}" }, { "value": "{bob}" }] }),
        )
}

/// A row in which that group is patched; who is in it afterwards is read.
pub(super) fn regrouped(source: &'static str, operations: Value) -> Row {
    of_team(source).patch("/Groups/{team}", operations).is(204).get("/Groups/{team}")
}
