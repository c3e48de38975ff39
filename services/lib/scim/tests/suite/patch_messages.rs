//! PATCH: the message, and operations whose value names the attributes.

use serde_json::{Value, json};
use usher_scim::schema::{CORE_USER, ENTERPRISE_USER, USHER_USER};
use usher_scim::{Profile, ScimType, patch};

use crate::ada;
use crate::patch_paths::{lenient, refused};

#[test]
fn without_a_path_the_value_names_attributes_in_every_spelling() {
    let done = lenient(&json!({"op": "replace", "value": {
        "ID": "x", "schemas": ["x"], "meta": {}, "groups": [], "password": "x", "nope": 1, "urn:x:y": 1,
        "TITLE": "T", "name.givenName": "A", format!("{CORE_USER}:nickName"): "N",
        CORE_USER: {"locale": "L", "schemas": [CORE_USER]},
        ENTERPRISE_USER: {"schemas": [ENTERPRISE_USER], "division": "D", "Manager": "7"},
        "costCenter": "C", format!("{USHER_USER}:userType"): "external",
        "emails[type eq \"home\"].display": "d",
    }}));
    assert_eq!((&done["title"], &done["nickName"], &done["locale"]), (&json!("T"), &json!("N"), &json!("L")));
    assert_eq!(done["name"], json!({"givenName": "A", "familyName": "Lovelace"}));
    assert_eq!(
        done[ENTERPRISE_USER],
        json!({"department": "Engines", "division": "D", "manager": {"value": "7"}, "costCenter": "C"})
    );
    assert_eq!(done[USHER_USER], json!({"userType": "External"}));
    assert_eq!(done["emails"][1]["display"], "d");
    for name in ["id", "schemas", "meta", "groups", "password", "nope", "urn:x:y"] {
        assert_eq!(done.get(name), None, "{name}");
    }
    for (value, scim_type) in [
        (json!({"id": "x"}), ScimType::Mutability),
        (json!({"nope": 1}), ScimType::InvalidPath),
        (json!({"department": "x"}), ScimType::InvalidPath),
        (json!({"password": "x"}), ScimType::InvalidPath),
    ] {
        refused(&json!({"op": "add", "value": value}), Profile::Strict, scim_type, "");
    }
    for value in [json!("x"), json!([{"title": "x"}]), json!(null)] {
        refused(
            &json!({"op": "add", "value": value}),
            Profile::Default,
            ScimType::InvalidValue,
            "without a \"path\"",
        );
    }
}

#[test]
fn an_attribute_may_be_sent_twice_with_equal_values() {
    for value in [
        json!({"title": "x", "TITLE": "x"}),
        json!({"title": "x", format!("{CORE_USER}:title"): "x"}),
        json!({"department": "x", ENTERPRISE_USER: {"department": "x"}}),
        json!({"name": {"givenName": "x"}, "name.givenName": "x", "name.familyName": "y"}),
        json!({"emails": [{"value": "x", "type": "work"}], format!("{CORE_USER}:emails"): [{"value": "x", "type": "work"}]}),
        json!({"title": "", format!("{CORE_USER}:title"): null}),
        json!({"emails[type eq \"work\"].value": "x", "emails[type eq \"home\"].value": "y"}),
    ] {
        lenient(&json!({"op": "replace", "value": value}));
    }
    for value in [
        json!({"title": "x", "TITLE": "y"}),
        json!({"name": null, "name.givenName": "x"}),
        json!({"emails": [{"value": "x"}], "EMAILS": [{"value": "y"}]}),
        json!({ENTERPRISE_USER: {"department": "x"}, "department": ""}),
    ] {
        refused(
            &json!({"op": "replace", "value": value}),
            Profile::Default,
            ScimType::InvalidValue,
            "sent twice",
        );
    }
}

#[test]
fn keys_are_exact_in_the_strict_profile_and_in_any_case_otherwise() {
    let lenient = json!({"OPERATIONS": [{"OP": "Add", "Path": "title", "VALUE": "x", "more": 1}, {"op": "replace", "path": "", "value": {}}]});
    let read = patch::parse(&lenient, Profile::Default).unwrap();
    assert_eq!(
        read,
        [
            patch::Operation { op: patch::Op::Add, path: Some("title".to_owned()), value: Some(json!("x")) },
            patch::Operation { op: patch::Op::Replace, path: None, value: Some(json!({})) },
        ]
    );
    let message = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    let strict = |schemas: Value, operation: Value| {
        patch::parse(&json!({"schemas": schemas, "Operations": [operation]}), Profile::Strict)
            .map(drop)
            .map_err(|fault| fault.scim_type)
    };
    let plain = json!({"op": "add", "path": "title", "value": "x"});
    assert_eq!(strict(json!(["x", message]), plain.clone()), Ok(()));
    for (schemas, operation) in [
        (json!(null), plain.clone()),
        (json!([]), plain.clone()),
        (json!(message), plain.clone()),
        (json!([message]), json!({"Op": "add", "path": "title", "value": "x"})),
        (json!([message]), json!({"op": "ADD", "path": "title", "value": "x"})),
        (json!([message]), json!({"op": "remove", "path": "title", "value": "x"})),
    ] {
        assert_eq!(strict(schemas, operation.clone()), Err(ScimType::InvalidSyntax), "{operation}");
    }
    let refused = |body: Value| {
        let fault = patch::parse(&body, Profile::Default).unwrap_err();
        (fault.scim_type, fault.detail)
    };
    for (body, scim_type, told) in [
        (json!([]), ScimType::InvalidSyntax, "a PatchOp message"),
        (json!({"Operations": {}}), ScimType::InvalidSyntax, "a PatchOp message"),
        (json!({"Operations": []}), ScimType::InvalidSyntax, "at least one"),
        (
            json!({"Operations": ["x"]}),
            ScimType::InvalidSyntax,
            "operation 1: an operation must be an object",
        ),
        (
            json!({"Operations": [plain, {"op": 7, "path": "x"}]}),
            ScimType::InvalidSyntax,
            "operation 2: \"op\" must be",
        ),
        (
            json!({"Operations": [{"op": "add", "path": 7, "value": 1}]}),
            ScimType::InvalidPath,
            "must be a string",
        ),
        (
            json!({"Operations": [{"op": "add", "path": "x".repeat(1_025), "value": 1}]}),
            ScimType::InvalidPath,
            "1025 bytes",
        ),
        (json!({"Operations": [{"op": "remove", "path": null}]}), ScimType::NoTarget, "needs a \"path\""),
        (
            json!({"Operations": [{"op": "Replace", "path": "x"}]}),
            ScimType::InvalidSyntax,
            "\"Replace\" needs a \"value\"",
        ),
        (
            json!({"Operations": vec![plain.clone(); patch::MAX_OPERATIONS + 1]}),
            ScimType::InvalidSyntax,
            "5001 operations are too many",
        ),
    ] {
        let (found, detail) = refused(body);
        assert_eq!(found, scim_type, "{detail}");
        assert!(detail.contains(told), "{detail}");
    }
    assert!(
        patch::parse(&json!({"Operations": vec![plain; patch::MAX_OPERATIONS]}), Profile::Default).is_ok()
    );
    let long = json!({"Operations": [{"op": "add", "path": "x".repeat(1_024), "value": 1}]});
    assert!(patch::parse(&long, Profile::Default).is_ok());
}

#[test]
fn null_in_place_of_an_extension_clears_it() {
    for op in ["add", "replace"] {
        let cleared = lenient(&json!({"op": op, "value": {ENTERPRISE_USER: null, "title": "T"}}));
        assert_eq!(cleared.get(ENTERPRISE_USER), None, "{op}");
        assert_eq!(cleared["title"], "T");
    }
    let foreign =
        lenient(&json!({"op": "replace", "value": {CORE_USER: null, "urn:example:2.0:User": null}}));
    assert_eq!(foreign, Value::Object(ada()));
}
