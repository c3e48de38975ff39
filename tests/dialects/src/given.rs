//! Who is there when a row begins.

use serde_json::{Value, json};

use crate::row::{Row, row};

/// URN of the core user schema.
pub const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the enterprise extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URN of Usher's extension.
pub const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";
/// Path of the manager.
pub const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/// A place in the enterprise extension, as a JSON pointer.
pub fn enterprise(name: &str) -> String {
    format!("/{ENTERPRISE}/{name}")
}

/// A user with something at every kind of place.
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

/// A user with a name and nothing else.
pub fn named(user_name: &str) -> Value {
    json!({ "userName": user_name })
}

/// A row that begins with Ada.
pub fn of_ada(source: &'static str) -> Row {
    row(source).given("ada", "/Users", ada())
}

/// A row in which Ada is patched.
pub fn patched(source: &'static str, operations: Value) -> Row {
    of_ada(source).patch("/Users/{ada}", operations)
}

/// A row that begins with Ada, Bob and Eve, and a group of the first two.
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

/// A row in which that group is patched; who is in it afterwards is read.
pub fn regrouped(source: &'static str, operations: Value) -> Row {
    of_team(source).patch("/Groups/{team}", operations).is(204).get("/Groups/{team}")
}
