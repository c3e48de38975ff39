//! Documents of POST and PUT.

use serde_json::{Value, json};
use usher_scim::schema::{ENTERPRISE_USER, USHER_USER};
use usher_scim::user::{Envelope, canonicalize, primary_email, render, replace};
use usher_scim::{Profile, discovery, schema, user};

use crate::{ada, created};

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
fn all_faults_are_told_at_once() {
    let fault = canonicalize(
        &json!({"userName": 5.5, "active": "perhaps", "name": "Ada", "emails": [[1]], "title": ["x"], "userType": "Boss"}),
        schema::user(),
            Profile::Default,
    )
    .unwrap_err();

    for part in ["active", "name", "emails", "title", "userType"] {
        assert!(fault.detail.contains(part), "{part}: {}", fault.detail);
    }
}

#[test]
fn what_a_put_does_not_send_stays_and_null_clears() {
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
fn the_user_type_of_the_extension_holds_over_the_core_one_in_either_order() {
    let own = json!({"userType": "External"});
    for body in [
        json!({"userName": "x", "userType": "Regular", USHER_USER: own}),
        json!({"userName": "x", USHER_USER: own, "userType": "Regular"}),
        json!({"userName": "x", "userType": "", USHER_USER: own}),
        json!({"userName": "x", "userType": "External", USHER_USER: {"userType": null}}),
        json!({"userName": "x", "userType": "External"}),
    ] {
        assert_eq!(user::user_type(&created(&body)).as_str(), "External", "{body}");
    }
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
fn the_wire_form_has_the_user_type_at_both_places_and_an_etag() {
    let envelope =
        Envelope { id: "7", version: 3, created: "c", last_modified: "m", location: "http://x/Users/7" };
    let document = Value::Object(render(ada(), &envelope));

    assert_eq!(document["userType"], "Regular");
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
    assert_eq!(of("userName")["uniqueness"], "server");
    let kind =
        of("emails")["subAttributes"].as_array().unwrap().iter().find(|sub| sub["name"] == "type").unwrap();
    assert_eq!(kind["canonicalValues"], json!(["work", "home", "other"]));
    assert!(core.iter().all(|attribute| attribute["name"] != "password"));
    assert_eq!(schemas.len(), 4);
}
