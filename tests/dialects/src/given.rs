//! The users and groups that exist when a row begins.

use serde_json::{Value, json};

use crate::row::{Row, row};

/// The URN of the core user schema.
pub const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of the enterprise extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The URN of Usher's extension.
pub const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";
/// The path of the manager.
pub const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/// Returns the JSON pointer to an attribute of the enterprise extension.
pub fn enterprise(name: &str) -> String {
    format!("/{ENTERPRISE}/{name}")
}

/// A user with a value at every kind of place.
pub fn ada() -> Value {
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

/// A user with only a name.
pub fn named(user_name: &str) -> Value {
    json!({ "userName": user_name })
}

/// A row that begins with Ada.
pub fn of_ada(source: &'static str) -> Row {
    row(source).given("ada", "/Users", ada())
}

/// A row that patches Ada.
pub fn patched(source: &'static str, operations: Value) -> Row {
    of_ada(source).patch("/Users/{ada}", operations)
}

/// A row that begins with Ada, Bob and Eve, and a group of Ada and Bob.
pub fn of_team(source: &'static str) -> Row {
    ["ada", "bob", "eve"]
        .into_iter()
        .fold(row(source), |row, name| row.given(name, "/Users", named(&format!("{name}@contoso.com"))))
        .given(
            "team",
            "/Groups",
            json!({ "displayName": "Team", "members": [{ "value": "{ada}" }, { "value": "{bob}" }] }),
        )
}

/// A row that patches the group, and then reads its members.
pub fn regrouped(source: &'static str, operations: Value) -> Row {
    of_team(source).patch("/Groups/{team}", operations).is(204).get("/Groups/{team}")
}
