//! PATCH: each operation on each kind of path, in both profiles.

use serde_json::{Value, json};
use usher_scim::schema::{self, CORE_USER, CUSTOM_USER, CustomAttribute, ENTERPRISE_USER, Kind};
use usher_scim::{Profile, ScimType, patch, user};

use crate::{ada, created, patched, patched_in};

/// Returns Ada after one operation, or why it was refused.
pub fn after(profile: Profile, operation: &Value) -> Result<Value, (ScimType, String)> {
    patched_in(profile, &ada(), &json!([operation]))
        .map(|changed| Value::Object(changed.resource))
        .map_err(|fault| (fault.scim_type, fault.detail))
}

pub fn lenient(operation: &Value) -> Value {
    after(Profile::Default, operation).unwrap()
}

#[track_caller]
pub fn refused(operation: &Value, profile: Profile, scim_type: ScimType, told: &str) {
    let (found, detail) = after(profile, operation).unwrap_err();
    assert_eq!(found, scim_type, "{operation}: {detail}");
    assert!(detail.starts_with("operation 1: ") && detail.contains(told), "{operation}: {detail}");
}

pub const BOTH: [Profile; 2] = [Profile::Default, Profile::Strict];

#[test]
fn add_and_replace_set_a_single_value_and_remove_clears_it() {
    for profile in BOTH {
        for op in ["add", "replace"] {
            for path in ["title", "TITLE", " title ", "urn:ietf:params:scim:schemas:core:2.0:User:title"] {
                let done = after(profile, &json!({"op": op, "path": path, "value": "T"})).unwrap();
                assert_eq!(done["title"], "T", "{op} {path}");
            }
        }
        assert_eq!(after(profile, &json!({"op": "remove", "path": "title"})).unwrap().get("title"), None);
        for blank in [json!(null), json!(""), json!([]), json!({})] {
            for op in ["add", "replace"] {
                let gone = after(profile, &json!({"op": op, "path": "title", "value": blank})).unwrap();
                assert_eq!(gone.get("title"), None, "{op} {blank}");
            }
        }
        let absent = after(profile, &json!({"op": "remove", "path": "nickName"})).unwrap();
        assert_eq!(absent, Value::Object(ada()));
    }
}

#[test]
fn a_sub_attribute_is_set_and_removed_alone() {
    for profile in BOTH {
        for op in ["add", "replace"] {
            let done = after(profile, &json!({"op": op, "path": "name.givenName", "value": "A"})).unwrap();
            assert_eq!(done["name"], json!({"givenName": "A", "familyName": "Lovelace"}));
        }
        let gone = after(profile, &json!({"op": "remove", "path": "name.givenName"})).unwrap();
        assert_eq!(gone["name"], json!({"familyName": "Lovelace"}));
    }
    let both = patched(&json!([
        {"op": "remove", "path": "name.givenName"}, {"op": "replace", "path": "name.familyName", "value": ""},
    ]));
    assert_eq!(both.get("name"), None, "with its last part it goes itself");
    let made = patched_in(
        Profile::Default,
        &created(&json!({"userName": "u"})),
        &json!([{"op": "replace", "path": "name.givenName", "value": "A"}]),
    );
    assert_eq!(made.unwrap().resource["name"], json!({"givenName": "A"}));
}

#[test]
fn a_complex_value_is_merged_by_sub_attribute_and_null_clears() {
    for op in ["add", "replace"] {
        let done =
            lenient(&json!({"op": op, "path": "name", "value": {"familyName": null, "middleName": "K"}}));
        assert_eq!(done["name"], json!({"givenName": "Ada", "middleName": "K"}));
    }
    assert_eq!(lenient(&json!({"op": "remove", "path": "name"})).get("name"), None);
    for blank in [json!(null), json!("")] {
        for op in ["add", "replace"] {
            assert_eq!(lenient(&json!({"op": op, "path": "name", "value": blank})).get("name"), None);
        }
    }
    refused(
        &json!({"op": "add", "path": "name", "value": "x"}),
        Profile::Default,
        ScimType::InvalidValue,
        "object",
    );
}

#[test]
fn a_manager_is_replaced_as_a_whole() {
    let path = format!("{ENTERPRISE_USER}:manager");
    let done = patched(&json!([
        {"op": "add", "path": path, "value": {"value": "1", "$ref": "https://x/1"}},
        {"op": "replace", "path": path, "value": {"value": "2"}},
    ]));
    assert_eq!(done[ENTERPRISE_USER]["manager"], json!({"value": "2"}));
    let referred = patched(&json!([
        {"op": "add", "path": path, "value": {"value": "1"}},
        {"op": "add", "path": format!("{path}.$ref"), "value": "https://x/1"},
    ]));
    assert_eq!(referred[ENTERPRISE_USER]["manager"], json!({"value": "1", "$ref": "https://x/1"}));
    let gone = patched(&json!([
        {"op": "add", "path": path, "value": {"value": "1", "$ref": "https://x/1"}},
        {"op": "remove", "path": format!("{path}.value")},
    ]));
    assert_eq!(gone[ENTERPRISE_USER].get("manager"), None);
    for op in ["add", "replace"] {
        for nobody in [json!({"value": ""}), json!(""), json!(null)] {
            let gone = patched(&json!([
                {"op": "add", "path": path, "value": "1"}, {"op": op, "path": path, "value": nobody},
            ]));
            assert_eq!(gone[ENTERPRISE_USER].get("manager"), None, "{op} {nobody}");
        }
    }
    refused(
        &json!({"op": "add", "path": format!("{path}.displayName"), "value": "x"}),
        Profile::Default,
        ScimType::Mutability,
        "can't be changed",
    );
}

#[test]
fn an_extension_is_a_container_of_its_attributes() {
    for profile in BOTH {
        let set = json!({"op": "add", "path": ENTERPRISE_USER, "value": {"division": "D"}});
        let done = after(profile, &set).unwrap();
        assert_eq!(done[ENTERPRISE_USER], json!({"department": "Engines", "division": "D"}));
        for gone in [
            json!({"op": "remove", "path": ENTERPRISE_USER}),
            json!({"op": "replace", "path": ENTERPRISE_USER, "value": null}),
            json!({"op": "remove", "path": format!("{ENTERPRISE_USER}:department")}),
        ] {
            assert_eq!(after(profile, &gone).unwrap().get(ENTERPRISE_USER), None, "{gone}");
        }
        let core =
            json!({"op": "replace", "path": CORE_USER, "value": {"title": "T", "name.givenName": "A"}});
        let done = after(profile, &core).unwrap();
        assert_eq!((&done["title"], &done["name"]["givenName"]), (&json!("T"), &json!("A")));
        for wrong in [
            json!({"op": "add", "path": ENTERPRISE_USER, "value": null}),
            json!({"op": "replace", "path": ENTERPRISE_USER, "value": "x"}),
            json!({"op": "replace", "path": CORE_USER, "value": null}),
            json!({"op": "remove", "path": CORE_USER}),
        ] {
            refused(&wrong, profile, ScimType::InvalidValue, "must be an object");
        }
        let unknown = json!({"op": "add", "path": "urn:example:2.0:User:", "value": {"x": 1}});
        refused(&unknown, profile, ScimType::InvalidPath, "there is no extension");
    }
}

#[test]
fn each_custom_attribute_is_patched_by_its_urn() {
    let users = schema::user_with(vec![CustomAttribute {
        name: "badge".to_owned(),
        kind: Kind::Integer,
        description: String::new(),
        case_exact: false,
        canonical_values: Vec::new(),
    }]);
    let operation = |value: Value| patch::Operation {
        op: patch::Op::Replace,
        path: Some(format!("{CUSTOM_USER}:BADGE")),
        value: Some(value),
    };
    let apply = |value: Value| user::patch(&ada(), &[operation(value)], &users, Profile::Default);

    assert_eq!(apply(json!("7")).unwrap().resource[CUSTOM_USER], json!({"badge": 7}));
    assert_eq!(apply(json!("seven")).unwrap_err().scim_type, ScimType::InvalidValue);
    let without = json!({"op": "replace", "path": format!("{CUSTOM_USER}:badge"), "value": 7});
    refused(&without, Profile::Default, ScimType::InvalidPath, "unknown attribute");
}

#[test]
fn required_and_read_only_attributes_are_not_changed() {
    for profile in BOTH {
        for (path, scim_type) in [
            ("id", ScimType::Mutability),
            ("meta", ScimType::Mutability),
            ("meta.created", ScimType::Mutability),
            ("schemas", ScimType::Mutability),
            ("groups", ScimType::Mutability),
            ("groups.value", ScimType::Mutability),
            ("groups[value eq \"x\"]", ScimType::Mutability),
            ("nope", ScimType::InvalidPath),
            ("name.nope", ScimType::InvalidPath),
            ("emails[type eq \"work\"].nope", ScimType::InvalidPath),
            ("emails[nope eq \"x\"].value", ScimType::InvalidPath),
            ("title[value eq \"x\"]", ScimType::InvalidPath),
            ("name[givenName eq \"x\"]", ScimType::InvalidPath),
            ("title.value", ScimType::InvalidPath),
            ("emails[", ScimType::InvalidPath),
            ("emails[type eq \"x\"]x", ScimType::InvalidPath),
            ("emails[type eq \"x\"].", ScimType::InvalidPath),
            ("emails]", ScimType::InvalidPath),
        ] {
            refused(&json!({"op": "add", "path": path, "value": "x"}), profile, scim_type, "");
        }
        for operation in [
            json!({"op": "remove", "path": "userName"}),
            json!({"op": "replace", "path": "userName", "value": null}),
        ] {
            refused(&operation, profile, ScimType::InvalidValue, "userName is required and can't be cleared");
        }
    }
    for operation in
        [json!({"op": "remove", "path": "active"}), json!({"op": "replace", "path": "active", "value": ""})]
    {
        assert_eq!(lenient(&operation)["active"], true, "nobody is switched by a blank");
        refused(&operation, Profile::Strict, ScimType::InvalidValue, "can't be cleared");
    }
    assert_eq!(lenient(&json!({"op": "add", "path": "Password", "value": "x"})), Value::Object(ada()));
    refused(
        &json!({"op": "add", "path": "password", "value": "x"}),
        Profile::Strict,
        ScimType::InvalidPath,
        "",
    );
    refused(
        &json!({"op": "add", "path": "department", "value": "x"}),
        Profile::Strict,
        ScimType::InvalidPath,
        "",
    );
}
