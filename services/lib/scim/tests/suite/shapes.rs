//! The shapes in which clients send documents by POST and PUT.

use serde_json::{Value, json};
use usher_scim::schema::{ENTERPRISE_USER, USHER_USER};
use usher_scim::user::{Envelope, canonicalize, primary_email, render, replace};
use usher_scim::{Profile, ScimType, discovery, group, patch, schema, user};

use crate::{ada, created, patched_in};

#[test]
fn entra_sends_nulls_top_level_enterprise_attributes_and_a_misspelled_urn() {
    let user = created(&json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:unknown"],
        "id": "mine", "meta": {"resourceType": "User"}, "password": "x", "groups": [],
        "USERNAME": "u@acme.example", "Active": "True", "roles": [], "addresses": null, "title": null,
        "department": "D", "Manager": {"Value": "SuzzyQ"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0User": {"costCenter": 12},
        "emails": [{"value": "u@acme.example"}, {"value": "", "type": "home"}, null],
        "unknown": {"a": 1},
    }));

    assert_eq!(
        Value::Object(user),
        json!({
            "userName": "u@acme.example", "active": true,
            ENTERPRISE_USER: {"department": "D", "manager": {"value": "SuzzyQ"}, "costCenter": "12"},
            "emails": [{"value": "u@acme.example", "type": "work"}],
        })
    );
}

#[test]
fn the_validator_of_microsoft_sends_garbage_and_string_booleans() {
    let user = created(&json!({
        "userName": "x", "locale": "RJWNTUNNOHNZ", "profileUrl": "BAPNQLJSRQGD",
        "roles": [{"primary": "True", "display": "d", "value": "v", "type": "t"}],
        ENTERPRISE_USER: {"manager": "123456"},
    }));

    assert_eq!(user["roles"], json!([{"primary": true, "display": "d", "value": "v", "type": "t"}]));
    assert_eq!(user[ENTERPRISE_USER]["manager"], json!({"value": "123456"}));
}

#[test]
fn all_faults_are_reported_at_once() {
    let fault = canonicalize(
        &json!({"userName": 5.5, "active": "perhaps", "name": "Ada", "emails": [[1]], "title": ["x"], USHER_USER: {"userType": "Boss"}}),
        schema::user(),
            Profile::Default,
    )
    .unwrap_err();

    for part in ["active", "name", "emails", "title", "userType"] {
        assert!(fault.detail.contains(part), "{part}: {}", fault.detail);
    }
}

#[test]
fn a_put_keeps_what_it_omits_and_clears_what_is_null() {
    let incoming = canonicalize(
        &json!({"userName": "ada@acme.example", "title": null, "name": {"givenName": "A."}}),
        schema::user(),
        Profile::Default,
    );
    let after = replace(&ada(), incoming.unwrap(), Profile::Default).unwrap();

    assert!(after.resource.get("title").is_none());
    assert_eq!(after.resource["name"], json!({"givenName": "A.", "familyName": "Lovelace"}));
    assert_eq!(after.resource["emails"], ada()["emails"]);
    assert_eq!(after.changes.len(), 2);

    let incoming = canonicalize(
        &json!({"schemas": [schema::CORE_USER], "userName": "ada@acme.example"}),
        schema::user(),
        Profile::Strict,
    )
    .unwrap();
    let strict = replace(&ada(), incoming, Profile::Strict).unwrap().resource;
    assert_eq!(Value::Object(strict), json!({"active": true, "userName": "ada@acme.example"}));
}

#[test]
fn a_user_needs_a_name() {
    for document in [json!({}), json!({"userName": ""}), json!({"userName": "  "}), json!({"userName": null})]
    {
        let incoming = canonicalize(&document, schema::user(), Profile::Default).unwrap();
        assert!(
            user::create(incoming, Profile::Default).unwrap_err().detail.contains("userName"),
            "{document}"
        );
    }
    assert!(canonicalize(&json!([]), schema::user(), Profile::Default).is_err());
}

#[test]
fn the_client_s_own_user_type_is_kept_as_sent_and_the_one_of_the_extension_is_a_class() {
    let stated = |body: Value| user::stated_user_type(&created(&body)).map(|stated| stated.to_string());
    let own = |of: &str| json!({"userType": of});
    for (body, class) in [
        (json!({"userName": "x", "userType": "Employee"}), None),
        (json!({"userName": "x", "userType": "external"}), Some("External")),
        (json!({"userName": "x", "userType": "Regular", USHER_USER: own("external")}), Some("External")),
        (json!({"userName": "x", USHER_USER: own("External"), "userType": "Employee"}), Some("External")),
        (json!({"userName": "x", "userType": "", USHER_USER: own("External")}), Some("External")),
        (
            json!({"userName": "x", "userType": "COLLABORATOR", USHER_USER: {"userType": null}}),
            Some("Collaborator"),
        ),
        (json!({"userName": "x"}), None),
    ] {
        assert_eq!(stated(body.clone()).as_deref(), class, "{body}");
        let sent = body["userType"].as_str().filter(|sent| !sent.is_empty());
        assert_eq!(created(&body).get("userType").and_then(Value::as_str), sent, "{body}");
    }
    let refused = json!({"userName": "x", USHER_USER: own("Employee")});
    assert!(
        canonicalize(&refused, schema::user(), Profile::Default).unwrap_err().detail.contains("Collaborator")
    );
}

#[test]
fn the_primary_address_is_the_marked_one_else_works_else_the_first() {
    let of = |emails: Value| {
        primary_email(&created(&json!({"userName": "x", "emails": emails}))).map(str::to_owned)
    };

    assert_eq!(
        of(json!([{"value": "a", "type": "work"}, {"value": "b", "primary": true}])).as_deref(),
        Some("b")
    );
    assert_eq!(
        of(json!([{"value": "a", "type": "home"}, {"value": "b", "type": "Work"}])).as_deref(),
        Some("b")
    );
    assert_eq!(of(json!([{"value": "a", "type": "home"}, {"value": "b"}])).as_deref(), Some("a"));
    assert_eq!(of(json!([])), None);
}

#[test]
fn the_wire_form_has_the_user_type_of_the_seat_and_an_etag() {
    let envelope =
        Envelope { id: "7", version: 3, created: "c", last_modified: "m", location: "http://x/Users/7" };
    let document = Value::Object(render(ada(), &envelope));

    assert_eq!(document.get("userType"), None, "the client sent none");
    assert_eq!(document[USHER_USER], json!({"userType": "Regular"}));
    assert_eq!(document["schemas"].as_array().unwrap().len(), 3);
    assert_eq!(document["meta"]["version"], "W/\"3\"");
}

#[test]
fn discovery_names_what_is_required_and_the_canonical_types() {
    let schemas = discovery::schemas("http://x", schema::user());
    let core = schemas[0]["attributes"].as_array().unwrap();
    let of = |name: &str| core.iter().find(|attribute| attribute["name"] == name).unwrap();

    assert_eq!(of("userName")["required"], json!(true));
    assert_eq!(of("active")["required"], json!(false), "who sends none is active");
    assert_eq!(of("userType")["mutability"], "readWrite");
    assert_eq!(of("userName")["uniqueness"], "server");
    let kind =
        of("emails")["subAttributes"].as_array().unwrap().iter().find(|sub| sub["name"] == "type").unwrap();
    assert_eq!(kind["canonicalValues"], json!(["work", "home", "other"]));
    assert!(core.iter().all(|attribute| attribute["name"] != "password"));
    assert_eq!(schemas.len(), 4);
}

#[test]
fn an_extension_that_is_not_an_object_and_invalid_schemas_are_refused() {
    let refused = |body: Value| canonicalize(&body, schema::user(), Profile::Default).unwrap_err().scim_type;
    for extension in [json!("x"), json!([]), json!(7), json!(true)] {
        let body = json!({"userName": "x", ENTERPRISE_USER: extension});
        assert_eq!(refused(body.clone()), ScimType::InvalidValue, "{body}");
    }
    for schemas in
        [json!("x"), json!({}), json!(["urn:x:y"]), json!(["urn:x:y", 7]), json!([schema::CORE_USER, 7])]
    {
        let body = json!({"schemas": schemas, "userName": "x"});
        assert_eq!(refused(body.clone()), ScimType::InvalidSyntax, "{body}");
    }
    for schemas in [json!(null), json!([]), json!([ENTERPRISE_USER]), json!(["urn:x:y", schema::CORE_USER])] {
        created(&json!({"schemas": schemas, "userName": "x"}));
    }
}

#[test]
fn null_in_place_of_an_extension_clears_its_attributes() {
    let incoming = canonicalize(
        &json!({"userName": "ada@acme.example", ENTERPRISE_USER: null}),
        schema::user(),
        Profile::Default,
    );
    let after = replace(&ada(), incoming.unwrap(), Profile::Default).unwrap();

    assert_eq!(after.resource.get(ENTERPRISE_USER), None);
}

#[test]
fn attributes_have_a_maximum_length_and_number_of_values_and_users_a_maximum_size() {
    let refused = |name: &str, value: Value| {
        let body = json!({"userName": "x", name: value});
        let incoming = canonicalize(&body, schema::user(), Profile::Default);
        let made = incoming.and_then(|incoming| user::create(incoming, Profile::Default));
        made.err().map(|fault| (fault.scim_type, fault.detail.contains("at most")))
    };
    let text = |bytes: usize| Value::from("x".repeat(bytes));
    let list = |bytes: usize, times: usize| json!(vec![json!({"value": "x".repeat(bytes)}); times]);
    for (name, fits, too_much) in [
        ("title", text(4_096), text(4_097)),
        ("displayName", text(1_024), text(1_025)),
        ("externalId", text(1_024), text(1_025)),
        ("name", json!({"givenName": text(4_096)}), json!({"givenName": text(4_097)})),
        ("emails", list(1_024, 1), list(1_025, 1)),
        ("photos", list(65_536, 1), list(65_537, 1)),
        ("x509Certificates", list(65_536, 1), list(65_537, 1)),
        ("roles", list(4_096, 1), list(4_097, 1)),
        ("roles", list(1, 100), list(1, 101)),
        ("photos", list(60_000, 2), list(60_000, 3)),
        (ENTERPRISE_USER, json!({"department": text(4_096)}), json!({"department": text(4_097)})),
    ] {
        assert_eq!(refused(name, fits), None, "{name}");
        assert_eq!(refused(name, too_much), Some((ScimType::InvalidValue, true)), "{name}");
    }
}

#[test]
fn a_user_over_the_maximum_size_can_be_deactivated_and_made_smaller_but_not_larger() {
    let mut large = ada();
    large.insert("title".to_owned(), "x".repeat(200_000).into());
    let after = |operations: &Value| patched_in(Profile::Default, &large, operations);

    assert!(after(&json!([{"op": "Replace", "path": "active", "value": "False"}])).is_ok());
    assert!(after(&json!([{"op": "remove", "path": "emails"}])).is_ok());
    assert!(after(&json!([{"op": "replace", "path": "nickName", "value": "more"}])).is_err());
}

#[test]
fn an_attribute_that_is_sent_twice_with_different_values_is_refused() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let read = |document: Value| canonicalize(&document, schema::user(), Profile::Default).map(drop);
    for document in [
        json!({"userName": "a", "name": {"givenName": "Ada"}, "name.givenName": "Eve"}),
        json!({"userName": "a", "name.givenName": "Eve", core: {"name": {"givenName": "Ada"}}}),
        json!({"userName": "a", "name.givenName": "Eve", format!("{core}:name.givenName"): "Ada"}),
        json!({"userName": "a", "name": null, "name.givenName": "Eve"}),
        json!({"userName": "a", "name.givenName": "Eve", "name": ""}),
        json!({"userName": "a", "title": "x", format!("{core}:title"): "y"}),
        json!({"userName": "a", "department": "x", ENTERPRISE_USER: {"department": null}}),
    ] {
        let fault = read(document.clone()).unwrap_err();
        assert!(fault.detail.contains("sent twice"), "{document}: {fault}");
    }
    let both = json!({
        "userName": "a", "name": {"familyName": "Lovelace", "givenName": "Ada"}, "name.givenName": "Ada",
        "name.middleName": "K", "department": "x", ENTERPRISE_USER: {"department": "x"},
    });
    assert_eq!(
        created(&both)["name"],
        json!({"familyName": "Lovelace", "givenName": "Ada", "middleName": "K"})
    );
}

#[test]
fn members_that_are_sent_twice_must_be_equal() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:Group";
    let (one, other) = (json!([{"value": "1"}]), json!([{"value": "2"}]));
    let read = |body: Value| group::canonicalize(body, Profile::Default).map(group::create);
    let patch = |value: Value| {
        let operation = patch::Operation { op: patch::Op::Replace, path: None, value: Some(value) };
        group::membership_alone(&[operation], Profile::Default)
    };
    for body in [
        json!({"displayName": "g", "members": one, format!("{core}:members"): other}),
        json!({"displayName": "g", "members": one, core: {"members": other}}),
    ] {
        assert!(read(body.clone()).unwrap_err().detail.contains("members was sent twice"), "{body}");
        assert!(patch(body.clone()).unwrap_err().detail.contains("members was sent twice"), "{body}");
    }
    for body in [
        json!({"displayName": "g", "members": one, format!("{core}:members"): one}),
        json!({"displayName": "g", core: {"members": one}}),
    ] {
        let made = read(body).unwrap().unwrap();
        let [group::Step::Delta(delta)] = made.members.as_slice() else { panic!("{made:?}") };
        assert_eq!(delta.add.keys().collect::<Vec<_>>(), ["1"]);
        assert!(made.changed.resource.get("members").is_none());
    }
    let named = patch::Operation {
        op: patch::Op::Add,
        path: Some(core.into()),
        value: Some(json!({"members": one})),
    };
    let delta = group::membership_alone(&[named], Profile::Default).unwrap().unwrap();
    assert_eq!(delta.add.keys().collect::<Vec<_>>(), ["1"]);
}
