//! The canonical form of what clients send, attribute by attribute.

use serde_json::{Value, json};
use usher_scim::schema::{
    self, CORE_USER, CUSTOM_USER, CustomAttribute, ENTERPRISE_USER, Kind, ResourceType, USHER_USER,
};
use usher_scim::user::{canonicalize, create};
use usher_scim::{Object, Profile, ScimType};

use crate::created;

/// Returns the canonical value of an attribute after a client sent `sent`; null if it has none.
fn value(name: &str, sent: &Value) -> Value {
    created(&json!({"userName": "u", name: sent})).get(name).cloned().unwrap_or_default()
}

fn fault(name: &str, sent: &Value, profile: Profile) -> String {
    let body = json!({"schemas": [CORE_USER], "userName": "u", name: sent});
    canonicalize(&body, schema::user(), profile).map(drop).unwrap_err().detail
}

fn read_by(users: &ResourceType, body: &Value, profile: Profile) -> Result<Object, String> {
    let incoming = canonicalize(body, users, profile).map_err(|fault| fault.detail)?;
    Ok(create(incoming, profile).unwrap().resource)
}

#[test]
fn a_blank_text_means_no_value() {
    for (name, blanks) in [
        ("title", vec![json!(null), json!(""), json!([]), json!({})]),
        ("name", vec![json!(null), json!(""), json!([]), json!({})]),
        ("emails", vec![json!(null), json!(""), json!([]), json!({}), json!([null, "", {}, []])]),
        ("emails", vec![json!([{"type": "work"}]), json!([{"primary": true}]), json!([{"value": ""}])]),
        ("name", vec![json!({"givenName": null}), json!([{}]), json!([null]), json!([""])]),
    ] {
        for blank in blanks {
            assert_eq!(value(name, &blank), Value::Null, "{name} {blank}");
        }
    }
    assert_eq!(value("active", &json!("")), true, "nobody is switched off by a blank");
    assert_eq!(value("title", &json!(" ")), " ", "a blank is a text");
}

#[test]
fn booleans_numbers_and_times_may_be_strings_except_in_the_strict_profile() {
    let custom = |name: &str, kind| CustomAttribute {
        name: name.to_owned(),
        kind,
        description: String::new(),
        case_exact: false,
        canonical_values: Vec::new(),
    };
    let users = schema::user_with(vec![
        custom("whole", Kind::Integer),
        custom("real", Kind::Decimal),
        custom("at", Kind::DateTime),
        custom("on", Kind::Boolean),
        custom("page", Kind::Reference),
    ]);
    let read = |name: &str, sent: &Value, profile| {
        let body = json!({"schemas": [CORE_USER], "userName": "u", CUSTOM_USER: {name: sent}});
        read_by(&users, &body, profile).map(|user| user[CUSTOM_USER][name].clone())
    };
    for (name, sent, expected) in [
        ("whole", json!(7), json!(7)),
        ("whole", json!(i64::MIN), json!(i64::MIN)),
        ("real", json!(1.5), json!(1.5)),
        ("real", json!(7), json!(7)),
        ("at", json!("2026-06-01T12:00:00"), json!("2026-06-01T12:00:00Z")),
        ("at", json!("2026-06-01T12:00:00.5+02:00"), json!("2026-06-01T12:00:00.5+02:00")),
        ("on", json!(false), json!(false)),
        ("page", json!("https://x"), json!("https://x")),
    ] {
        for profile in [Profile::Default, Profile::Strict] {
            assert_eq!(read(name, &sent, profile), Ok(expected.clone()), "{name} {sent}");
        }
    }
    for (name, sent, expected) in [
        ("whole", json!(" 7 "), json!(7)),
        ("real", json!("1.5e3"), json!(1500.0)),
        ("on", json!(" FALSE "), json!(false)),
        ("page", json!(7), json!("7")),
    ] {
        assert_eq!(read(name, &sent, Profile::Default), Ok(expected), "{name} {sent}");
        assert!(read(name, &sent, Profile::Strict).is_err(), "{name} {sent}");
    }
    for (name, sent, told) in [
        ("whole", json!(7.5), "whole must be a whole number of 64 bits"),
        ("whole", json!(u64::MAX), "whole must be a whole number of 64 bits"),
        ("whole", json!("x"), "whole must be a whole number of 64 bits"),
        ("whole", json!(true), "whole must be a whole number of 64 bits"),
        ("real", json!("x"), "real must be a number"),
        ("real", json!(["x"]), "real must be a number"),
        ("at", json!("yesterday"), "at must be a time"),
        ("at", json!(7), "at must be a time"),
        ("on", json!("no"), "on must be true or false, not \"no\""),
        ("on", json!(1), "on must be true or false"),
        ("page", json!(true), "page must be a string"),
        ("page", json!("a\0"), "page contains a NUL character"),
    ] {
        assert!(read(name, &sent, Profile::Default).unwrap_err().starts_with(told), "{name} {sent}");
    }
}

#[test]
fn a_complex_value_may_have_other_shapes_in_the_default_profile() {
    let manager = |sent: Value| {
        created(&json!({"userName": "u", "manager": sent})).get(ENTERPRISE_USER).cloned().unwrap_or_default()
    };
    for sent in
        [json!("7"), json!(["7"]), json!({"value": "7"}), json!([{"value": "7", "displayName": "Boss"}])]
    {
        assert_eq!(manager(sent.clone()), json!({"manager": {"value": "7"}}), "{sent}");
    }
    for nobody in [json!({"value": ""}), json!([{"value": null}]), json!({"$ref": "x"}), json!([""])] {
        assert_eq!(manager(nobody.clone()), Value::Null, "{nobody}");
    }
    let strict = |sent: Value| {
        let body = json!({"schemas": [CORE_USER], "userName": "u", ENTERPRISE_USER: {"manager": sent}});
        read_by(schema::user(), &body, Profile::Strict)
    };
    assert!(strict(json!({"value": "7"})).is_ok());
    for sent in [json!("7"), json!([{"value": "7"}])] {
        assert!(strict(sent.clone()).is_err(), "{sent}");
    }
    assert_eq!(fault("name", &json!("Ada"), Profile::Default), "name must be an object");
    assert_eq!(fault("name", &json!([{}, {}]), Profile::Default), "name must be an object");
    assert_eq!(fault("name", &json!({"nope": "x"}), Profile::Strict), "name has no sub-attribute \"nope\"");
    assert_eq!(value("name", &json!({"NOPE": "x", "GIVENNAME": "Ada"})), json!({"givenName": "Ada"}));
    assert_eq!(
        fault("name", &json!({"givenName": ["x"]}), Profile::Default),
        "name.givenName must be a string"
    );
}

#[test]
fn a_list_may_be_one_value_or_plain_values_in_the_default_profile() {
    assert_eq!(value("emails", &json!("a@x")), json!([{"value": "a@x", "type": "work"}]));
    assert_eq!(value("emails", &json!(["a@x", "b@x"])), json!([{"value": "a@x"}, {"value": "b@x"}]));
    assert_eq!(value("roles", &json!([7])), json!([{"value": "7"}]));
    assert_eq!(value("addresses", &json!({"country": "x"})), json!([{"country": "x"}]));
    assert_eq!(
        value("emails", &json!([{"VALUE": "a", "Type": "home", "nope": 1}])),
        json!([{"value": "a", "type": "home"}])
    );
    for (name, sent, profile, told) in [
        ("emails", json!([[1]]), Profile::Default, "emails must be a list of objects"),
        ("addresses", json!(["x"]), Profile::Default, "addresses must be a list of objects"),
        ("emails", json!(["x"]), Profile::Strict, "emails must be a list of objects"),
        ("emails", json!({"value": "x"}), Profile::Strict, "emails must be a list"),
        ("emails", json!([{"nope": "x"}]), Profile::Strict, "emails has no sub-attribute \"nope\""),
        (
            "emails",
            json!([{"primary": "no"}]),
            Profile::Default,
            "emails.primary must be true or false, not \"no\"",
        ),
    ] {
        assert_eq!(fault(name, &sent, profile), told, "{name} {sent}");
    }
}

#[test]
fn the_last_element_that_is_marked_primary_is_primary() {
    let marks = |sent: [Value; 3]| {
        let sent: Vec<_> = sent.iter().map(|primary| json!({"value": "x", "primary": primary})).collect();
        let kept = value("emails", &json!(sent));
        kept.as_array()
            .unwrap()
            .iter()
            .map(|email| email.get("primary").cloned().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    assert_eq!(marks([json!(true), json!("True"), json!(false)]), [json!(false), json!(true), json!(false)]);
    assert_eq!(marks([json!(true), json!(null), json!(null)]), [json!(true), json!(null), json!(null)]);
    assert_eq!(marks([json!(true), json!(true), json!(true)]), [json!(false), json!(false), json!(true)]);
}

#[test]
fn a_role_may_be_json_in_a_string() {
    let document = r#" {"id":"g","value":"25","displayName":"Role","type":"t"}"#;
    assert_eq!(value("roles", &json!([document])), json!([{"value": "25", "display": "Role", "type": "t"}]));
    assert_eq!(
        value("roles", &json!([r#"{"value":"25","display":"Role"}"#])),
        json!([{"value": "25", "display": "Role"}])
    );
    assert_eq!(value("roles", &json!([{"value": document}])), json!([{"value": "25"}]));
    for text in ["{no json", r#"{"id":"g"}"#] {
        assert_eq!(value("roles", &json!([{"value": text}])), json!([{"value": text}]));
    }
    assert_eq!(value("roles", &json!(["{no json"])), json!([{"value": "{no json"}]));
    assert_eq!(value("roles", &json!([{"display": document, "value": "v"}]))[0]["display"], document);
    assert_eq!(value("entitlements", &json!([document])), json!([{"value": document}]));
    assert_eq!(value("title", &json!(document)), document);
    assert!(fault("roles", &json!([document]), Profile::Strict).contains("must be a list of objects"));
}

#[test]
fn values_of_a_closed_vocabulary_get_their_canonical_spelling() {
    let sent = |text: &str| json!({"userName": "u", USHER_USER: {"userType": text}});
    assert_eq!(created(&sent(" eXternal "))[USHER_USER]["userType"], "External");
    let fault = canonicalize(&sent("Boss"), schema::user(), Profile::Default).unwrap_err();
    assert_eq!(fault.detail, "userType must be one of Regular, External, Collaborator, not \"Boss\"");
    assert_eq!(value("emails", &json!([{"type": "nonsense", "value": "x"}]))[0]["type"], "nonsense");
}

#[test]
fn unknown_and_read_only_attributes_are_ignored_in_the_default_profile() {
    let user = created(&json!({
        "USERNAME": "u", "id": "x", "meta": {"version": "x"}, "groups": [{"value": "x"}], "Password": "x",
        "emails.value": "x", "userName.value": "x", "nope": 1, "name.nope": 1,
        "urn:example:other": {"x": 1}, "urn:example:other:x": 1,
    }));
    assert_eq!(Value::Object(user), json!({"userName": "u", "active": true}));

    let strict = |name: &str| fault(name, &json!({"x": 1}), Profile::Strict);
    assert_eq!(strict("nope"), "there is no attribute \"nope\"");
    assert_eq!(strict("department"), "there is no attribute \"department\"");
}

#[test]
fn at_most_five_faults_are_reported() {
    let body = json!({
        "userName": [1], "title": [1], "locale": [1], "timezone": [1], "nickName": [1], "active": 1, "name": 1,
    });
    let fault = canonicalize(&body, schema::user(), Profile::Default).unwrap_err();

    assert_eq!(fault.scim_type, ScimType::InvalidValue);
    assert_eq!(fault.detail.matches("must be").count(), 5, "{fault}");
    assert!(fault.detail.ends_with("; and 2 more"), "{fault}");
    let five = json!({"userName": [1], "title": [1], "locale": [1], "timezone": [1], "nickName": [1]});
    assert!(!canonicalize(&five, schema::user(), Profile::Default).unwrap_err().detail.contains("more"));
}

#[test]
fn schemas_must_name_the_core_schema_in_the_strict_profile() {
    let strict = |schemas: Value| {
        let body = json!({"SCHEMAS": schemas, "userName": "u"});
        canonicalize(&body, schema::user(), Profile::Strict).map(drop).map_err(|fault| fault.scim_type)
    };
    assert_eq!(strict(json!([CORE_USER.to_uppercase(), ENTERPRISE_USER])), Ok(()));
    for schemas in
        [json!(null), json!([]), json!([ENTERPRISE_USER]), json!([schema::CORE_GROUP]), json!(CORE_USER)]
    {
        assert_eq!(strict(schemas.clone()), Err(ScimType::InvalidSyntax), "{schemas}");
    }
    let lenient = |schemas: Value| {
        canonicalize(&json!({"schemas": schemas, "userName": "u"}), schema::user(), Profile::Default).is_ok()
    };
    assert!(lenient(json!([ENTERPRISE_USER.to_uppercase()])));
    assert!(!lenient(json!([format!("{CORE_USER}:title")])));
}

#[test]
fn a_single_address_without_a_type_becomes_work_except_in_the_strict_profile() {
    assert_eq!(value("emails", &json!([{"value": "a"}])), json!([{"value": "a", "type": "work"}]));
    assert_eq!(
        value("emails", &json!([{"value": "a", "type": "home"}])),
        json!([{"value": "a", "type": "home"}])
    );
    assert_eq!(
        value("emails", &json!([{"value": "a"}, {"value": "b"}])),
        json!([{"value": "a"}, {"value": "b"}])
    );
    assert_eq!(value("phoneNumbers", &json!([{"value": "1"}])), json!([{"value": "1"}]));
}

#[test]
fn a_text_may_name_custom_attributes_only_with_their_urn() {
    for text in [
        CUSTOM_USER,
        "x URN:ietf:params:scim:schemas:Extension:Custom:2.0:User:badge eq 1",
        "extension:custom:",
    ] {
        assert!(schema::may_name_custom(text), "{text}");
    }
    for text in ["", "badge eq 1", ENTERPRISE_USER, "extension:custom", "xtension:custom:"] {
        assert!(!schema::may_name_custom(text), "{text}");
    }
}
