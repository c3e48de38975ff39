//! PATCH operations.

use serde_json::{Value, json};
use usher_scim::schema::{ENTERPRISE_USER, USHER_USER};
use usher_scim::{Profile, ScimType};

use super::Want::{self, At, Refused};
use super::{MANAGER, enterprise, judge};
use crate::{ada, patched_in};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_patch_that_was_seen_does_what_is_wanted() {
    let work = r#"emails[type eq "work"].value"#;
    let mobile = r#"phoneNumbers[type eq "mobile"].value"#;
    let rows: Vec<(&str, Value, Want)> = vec![
        // Booleans.
        (
            "scimmyjs/scimmy#51",
            json!([{"op": "Replace", "path": "active", "value": "False"}]),
            At("/active", json!(false)),
        ),
        (
            "scim-patch#872",
            json!([{"op": "replace", "path": "active", "value": "true"}]),
            At("/active", json!(true)),
        ),
        ("SRC#21", json!([{"op": "Add", "path": "active", "value": "FALSE"}]), At("/active", json!(false))),
        (
            "COMPAT aadOptscim062020",
            json!([{"op": "replace", "path": "active", "value": false}]),
            At("/active", json!(false)),
        ),
        (
            "OKTA deactivate",
            json!([{"op": "replace", "value": {"active": false}}]),
            At("/active", json!(false)),
        ),
        (
            "OKTA id in the value",
            json!([{"op": "replace", "value": {"id": "x", "active": "false"}}]),
            At("/active", json!(false)),
        ),
        (
            "null active is no switch",
            json!([{"op": "replace", "path": "active", "value": null}]),
            At("/active", json!(true)),
        ),
        // Value paths.
        (
            "scim-for-keycloak#73",
            json!([{"op": "Replace", "path": work, "value": "n@x"}]),
            At("/emails/0/value", json!("n@x")),
        ),
        (
            "wire-server#5419",
            json!([{"op": "Add", "path": work, "value": "n@x"}]),
            At("/emails/1/value", json!("ada@home.example")),
        ),
        (
            "pingidentity/scim2#281",
            json!([{"op": "Add", "path": work, "value": "n@x"}]),
            At("/emails/2", json!(null)),
        ),
        (
            "SRC#48",
            json!([{"op": "Add", "path": mobile, "value": "+1"}]),
            At("/phoneNumbers", json!([{"type": "mobile", "value": "+1"}])),
        ),
        (
            "laravel-scim-server#119",
            json!([{"op": "replace", "path": mobile, "value": "+1"}]),
            At("/phoneNumbers/0/value", json!("+1")),
        ),
        (
            "ED default mapping",
            json!([{"op": "Add", "path": "addresses[type eq \"work\"].streetAddress", "value": "1 Mill"}]),
            At("/addresses", json!([{"type": "work", "streetAddress": "1 Mill"}])),
        ),
        (
            "validator 6",
            json!([{"op": "replace", "path": "addresses[type eq \"other\"].formatted", "value": "x"}]),
            At("/addresses/0", json!({"type": "other", "formatted": "x"})),
        ),
        (
            "SCIM-SDK#416",
            json!([{"op": "add", "path": "emails[type eq \"other\"].value", "value": "o@x"}]),
            At("/emails/2", json!({"type": "other", "value": "o@x"})),
        ),
        (
            "whole element",
            json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "w@x"}}]),
            At("/emails/0", json!({"type": "work", "primary": true, "value": "w@x"})),
        ),
        (
            "apache/directory-scimple#1213",
            json!([{"op": "replace", "path": "emails[primary EQ \"True\"].value", "value": "p@x"}]),
            At("/emails/0/value", json!("p@x")),
        ),
        (
            "no-match remove",
            json!([{"op": "remove", "path": "emails[type eq \"other\"]"}]),
            At("/emails/1/type", json!("home")),
        ),
        (
            "or selects both",
            json!([{"op": "remove", "path": "emails[type eq \"home\" or type eq \"work\"]"}]),
            At("/emails", json!(null)),
        ),
        // Blanks.
        (
            "SCIM_Null_Update verbose",
            json!([{"op": "replace", "path": "title", "value": ""}]),
            At("/title", json!(null)),
        ),
        (
            "SCIM_Null_Update null",
            json!([{"op": "replace", "path": "title", "value": null}]),
            At("/title", json!(null)),
        ),
        (
            "SCIM_Null_Update bracket",
            json!([{"op": "replace", "path": work, "value": ""}]),
            At("/emails/0/type", json!("home")),
        ),
        (
            "SCIM_Null_Update compact",
            json!([{"op": "replace", "value": {"name.givenName": "", "title": "", (enterprise("department")): ""}}]),
            At("/name", json!({"familyName": "Lovelace"})),
        ),
        (
            "gravitee#8541",
            json!([{"op": "add", "path": "emails", "value": [{"value": "", "type": "other"}, null]}]),
            At("/emails/2", json!(null)),
        ),
        (
            "required is not cleared",
            json!([{"op": "replace", "path": "userName", "value": ""}]),
            Refused(ScimType::InvalidValue),
        ),
        // Path-less values.
        (
            "scimmy#10",
            json!([{"op": "replace", "value": {"name.givenName": "A"}}]),
            At("/name", json!({"givenName": "A", "familyName": "Lovelace"})),
        ),
        (
            "SCIM-SDK#327",
            json!([{"op": "replace", "value": {"name": {"givenName": "A"}}}]),
            At("/name/familyName", json!("Lovelace")),
        ),
        (
            "SimpleIdServer#690",
            json!([{"op": "replace", "path": "name", "value": {"familyName": "L"}}]),
            At("/name/givenName", json!("Ada")),
        ),
        (
            "COMPAT several replaces",
            json!([{"op": "replace", "value": {"displayName": "x", "name.familyName": "z", (enterprise("employeeNumber")): "w"}}]),
            At("/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/employeeNumber", json!("w")),
        ),
        (
            "elimity-com/scim#112",
            json!([{"op": "add", "value": {"emails[type eq \"work\"].value": "k@x"}}]),
            At("/emails/0/value", json!("k@x")),
        ),
        (
            "validator 8",
            json!([{"op": "replace", "value": {"userName": "new"}}]),
            At("/userName", json!("new")),
        ),
        (
            "Stalwart",
            json!([{"op": "replace", "value": {"somethingNew": 1, "title": "T"}}]),
            At("/title", json!("T")),
        ),
        (
            "OIN password",
            json!([{"op": "replace", "value": {"password": "secret", "title": "T"}}]),
            At("/password", json!(null)),
        ),
        // URNs.
        (
            "pingidentity/scim2#104",
            json!([{"op": "Replace", "path": enterprise("department"), "value": "D"}]),
            At("/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department", json!("D")),
        ),
        (
            "zulip#39773",
            json!([{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "T"}]),
            At("/title", json!("T")),
        ),
        (
            "directory-scimple#695",
            json!([{"op": "add", "path": ENTERPRISE_USER, "value": {"costCenter": "7"}}]),
            At(
                "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                json!({"department": "Engines", "costCenter": "7"}),
            ),
        ),
        (
            "core URN as a container",
            json!([{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User", "value": {"title": "T"}}]),
            At("/title", json!("T")),
        ),
        (
            "extension removed",
            json!([{"op": "remove", "path": ENTERPRISE_USER}]),
            At("/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", json!(null)),
        ),
        (
            "SRC Inbound collection",
            json!([{"op": "add", "path": format!("{ENTERPRISE_USER}.manager"), "value": "m"}]),
            At(MANAGER, json!({"value": "m"})),
        ),
        // Managers.
        (
            "TUT manager in a list",
            json!([{"op": "Add", "path": "manager", "value": [{"$ref": "http://x/Users/m", "value": "m"}]}]),
            At(MANAGER, json!({"$ref": "http://x/Users/m", "value": "m"})),
        ),
        (
            "validator 10",
            json!([{"op": "add", "path": enterprise("manager"), "value": {"value": "AXTKDLNRKMKT"}}]),
            At(MANAGER, json!({"value": "AXTKDLNRKMKT"})),
        ),
        (
            "SCIM-SDK#686",
            json!([{"op": "replace", "path": enterprise("manager"), "value": "m"}]),
            At(MANAGER, json!({"value": "m"})),
        ),
        (
            "wso2#11678",
            json!([{"op": "replace", "path": enterprise("manager.value"), "value": "m"}]),
            At(MANAGER, json!({"value": "m"})),
        ),
        (
            "validator 12 a",
            json!([{"op": "add", "path": "manager", "value": "m"}, {"op": "remove", "path": enterprise("manager")}]),
            At(MANAGER, json!(null)),
        ),
        (
            "validator 12 b",
            json!([{"op": "add", "path": "manager", "value": "m"}, {"op": "replace", "path": enterprise("manager"), "value": {"value": ""}}]),
            At(MANAGER, json!(null)),
        ),
        (
            "validator 12 c",
            json!([{"op": "add", "path": "manager", "value": "m"}, {"op": "replace", "path": enterprise("manager"), "value": ""}]),
            At(MANAGER, json!(null)),
        ),
        // Roles.
        (
            "azure-docs#50772",
            json!([{"op": "Add", "path": "roles", "value": [{"value": "{\"id\":\"guid\",\"value\":\"25\",\"displayName\":\"Role1234\"}"}]}]),
            At("/roles/0/value", json!("25")),
        ),
        (
            "lightdash#25676",
            json!([{"op": "add", "path": "roles", "value": [{"primary": "True", "value": "a"}]}, {"op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "b"}]),
            At("/roles", json!([{"primary": true, "value": "b"}])),
        ),
        (
            "ED roles created by their filter",
            json!([{"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "b"}]),
            At("/roles", json!([{"primary": true, "value": "b"}])),
        ),
        (
            "ED assertive roles",
            json!([{"op": "add", "path": "roles", "value": [{"value": "a"}]}, {"op": "replace", "path": "roles", "value": [{"primary": false, "type": "t", "display": "d", "value": "v"}]}]),
            At("/roles", json!([{"primary": false, "type": "t", "display": "d", "value": "v"}])),
        ),
        // User type, the product's own attribute.
        (
            "ED custom extension path",
            json!([{"op": "Add", "path": format!("{USHER_USER}:userType"), "value": "external"}]),
            At("/urn:ietf:params:scim:schemas:extension:usher:2.0:User/userType", json!("External")),
        ),
        (
            "ED custom extension key",
            json!([{"op": "replace", "value": {(format!("{USHER_USER}:userType")): "Collaborator"}}]),
            At("/urn:ietf:params:scim:schemas:extension:usher:2.0:User/userType", json!("Collaborator")),
        ),
        (
            "Zoom unknown user type",
            json!([{"op": "replace", "path": "userType", "value": "Basic"}]),
            Refused(ScimType::InvalidValue),
        ),
        // Lists.
        (
            "union by value",
            json!([{"op": "add", "path": "emails", "value": [{"value": "ada@home.example"}]}]),
            At("/emails/2", json!(null)),
        ),
        (
            "a second home address is another element",
            json!([{"op": "add", "path": "emails", "value": [{"value": "ada@home.example", "type": "other"}]}]),
            At("/emails/2/type", json!("other")),
        ),
        (
            "removal with a value",
            json!([{"op": "Remove", "path": "emails", "value": [{"value": "ada@home.example"}]}]),
            At("/emails/0/type", json!("work")),
        ),
        (
            "primary moves",
            json!([{"op": "add", "path": "emails", "value": {"value": "p@x", "type": "other", "primary": true}}]),
            At("/emails/0/primary", json!(false)),
        ),
        // Sequences.
        (
            "validator preview, same attribute",
            json!([{"op": "remove", "path": "title"}, {"op": "add", "path": "title", "value": "a"}, {"op": "replace", "path": "title", "value": "b"}]),
            At("/title", json!("b")),
        ),
        (
            "limosa: all or nothing",
            json!([{"op": "replace", "path": "title", "value": "b"}, {"op": "replace", "path": "nope", "value": "b"}]),
            Refused(ScimType::InvalidPath),
        ),
        // Refusals.
        (
            "Cogtrix#432",
            json!([{"op": "replace", "path": "unknown", "value": 1}]),
            Refused(ScimType::InvalidPath),
        ),
        (
            "scim2-server readOnly id",
            json!([{"op": "replace", "path": "id", "value": "x"}]),
            Refused(ScimType::Mutability),
        ),
        (
            "readOnly meta",
            json!([{"op": "replace", "path": "meta.created", "value": "x"}]),
            Refused(ScimType::Mutability),
        ),
        (
            "langwatch#7136",
            json!([{"op": "replace", "path": "emails", "value": [[1]]}]),
            Refused(ScimType::InvalidValue),
        ),
        ("scimmy#59", json!([]), Refused(ScimType::InvalidSyntax)),
    ];
    for (source, operations, want) in rows {
        let outcome = patched_in(Profile::Default, &ada(), &operations);
        judge(source, outcome, want);
    }
}
