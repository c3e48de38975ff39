//! Users: what a write changes, and how they are rendered.

use serde_json::{Value, json};
use usher_scim::schema::{self, CORE_USER, CUSTOM_USER, CustomAttribute, ENTERPRISE_USER, Kind, USHER_USER};
use usher_scim::user::{self, Envelope, UserType, canonicalize, create, leave, render, replace, revive};
use usher_scim::{Change, Object, Profile, group};

use crate::{ada, created, patched_in};

#[test]
fn a_put_must_name_the_user_and_keeps_active() {
    let put = |current: &Object, body: Value, profile| {
        replace(current, canonicalize(&body, schema::user(), profile).unwrap(), profile)
    };
    let current = created(&json!({"userName": "u", "active": false, "title": "T"}));
    let schemas = json!([CORE_USER]);
    for profile in [Profile::Default, Profile::Strict] {
        let after = put(&current, json!({"schemas": schemas, "userName": "v"}), profile).unwrap();
        assert_eq!(after.resource["active"], false);
        assert_eq!(after.resource.contains_key("title"), profile == Profile::Default);
        for body in [json!({"schemas": schemas, "title": "x"}), json!({"schemas": schemas, "userName": null})]
        {
            let fault = put(&current, body, profile).unwrap_err();
            assert_eq!(fault.detail, "userName is required and must be sent");
        }
    }
    let users = schema::user_with(vec![CustomAttribute {
        name: "userName".to_owned(),
        kind: Kind::String,
        description: String::new(),
        case_exact: false,
        canonical_values: Vec::new(),
    }]);
    let extension = json!({CUSTOM_USER: {"userName": "v"}});
    let incoming = canonicalize(&extension, &users, Profile::Default).unwrap();
    assert!(
        replace(&current, incoming, Profile::Default).is_err(),
        "another attribute of that name is not it"
    );
}

#[test]
fn a_user_who_returns_is_active_unless_the_client_says_otherwise() {
    let current = created(&json!({"userName": "u", "active": false, "title": "T"}));
    let back = |body: Value| {
        let incoming = canonicalize(&body, schema::user(), Profile::Default).unwrap();
        revive(&current, incoming, Profile::Default).unwrap().resource
    };
    assert_eq!(
        Value::Object(back(json!({"userName": "u"}))),
        json!({"userName": "u", "active": true, "title": "T"})
    );
    assert_eq!(back(json!({"active": "False"}))["active"], false);
    assert_eq!(back(json!({"title": null})).get("title"), None);
}

#[test]
fn a_deactivation_changes_only_active() {
    let mut current = ada();
    current.insert("userName".to_owned(), json!(""));
    let left = leave(&current);

    assert_eq!(left.changes, [change("active", json!(true), json!(false))]);
    assert_eq!(leave(&left.resource).changes, []);
}

fn change(path: &str, before: Value, after: Value) -> Change {
    let some = |value: Value| (!value.is_null()).then_some(value);
    Change { path: path.to_owned(), before: some(before), after: some(after) }
}

#[test]
fn changes_name_sub_attributes_of_names_and_extensions_and_other_attributes_as_a_whole() {
    let after = patched_in(
        Profile::Default,
        &ada(),
        &json!([
            {"op": "replace", "path": "name.givenName", "value": "A."},
            {"op": "replace", "path": "title", "value": "Analyst"},
            {"op": "remove", "path": "emails[type eq \"home\"]"},
            {"op": "replace", "path": "department", "value": "Mills"},
            {"op": "add", "path": "manager", "value": "7"},
            {"op": "add", "path": "nickName", "value": "A"},
        ]),
    )
    .unwrap();

    let mut changes = after.changes;
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    let emails = ada()["emails"].clone();
    assert_eq!(
        changes,
        [
            change("emails", emails.clone(), json!([emails[0]])),
            change("name.givenName", json!("Ada"), json!("A.")),
            change("nickName", json!(null), json!("A")),
            change(&format!("{ENTERPRISE_USER}:department"), json!("Engines"), json!("Mills")),
            change(&format!("{ENTERPRISE_USER}:manager"), json!(null), json!({"value": "7"})),
        ]
    );
    let gone = patched_in(
        Profile::Default,
        &ada(),
        &json!([{"op": "remove", "path": "name"}, {"op": "remove", "path": ENTERPRISE_USER}]),
    );
    let mut gone: Vec<_> =
        gone.unwrap().changes.into_iter().map(|change| (change.path, change.after)).collect();
    gone.sort_by(|one, other| one.0.cmp(&other.0));
    let department = format!("{ENTERPRISE_USER}:department");
    assert_eq!(
        gone,
        [("name.familyName".to_owned(), None), ("name.givenName".to_owned(), None), (department, None)]
    );
}

#[test]
fn a_user_name_must_have_a_visible_character() {
    let invisible = json!({"userName": "\u{200b}\u{feff}"});
    let incoming = canonicalize(&invisible, schema::user(), Profile::Default).unwrap();
    let fault = create(incoming, Profile::Default).unwrap_err();
    assert_eq!(fault.detail, "userName has no visible character");

    // A user who already has such a name can still be changed.
    let there = Object::from_iter([("userName".to_owned(), json!("\u{200b}"))]);
    let operations = json!([{"op": "replace", "path": "title", "value": "x"}]);
    assert!(patched_in(Profile::Default, &there, &operations).is_ok());
}

#[test]
fn a_user_has_a_maximum_size() {
    let of = |bytes: usize| {
        // The size counts `userName`, the quotes and the value, and three photos.
        let photos: Vec<_> = [60_000, 60_000, bytes].map(|bytes| json!({"value": "x".repeat(bytes)})).into();
        let body = json!({"userName": "u", "photos": photos});
        create(canonicalize(&body, schema::user(), Profile::Default).unwrap(), Profile::Default)
    };
    let counted = |bytes: usize| {
        let resource = of(bytes).unwrap().resource;
        resource["photos"].to_string().len() + "photos".len() + "\"u\"".len() + "userName".len()
    };
    let fits = schema::MAX_USER - counted(10) + 10;

    assert_eq!(counted(fits), schema::MAX_USER);
    let fault = of(fits + 1).unwrap_err();
    assert_eq!(fault.detail, "the user would have 131073 bytes; a user can have at most 131072");
    // `active` does not count, so that a deactivation does not make a user larger.
    let operations = json!([{"op": "replace", "path": "active", "value": false}]);
    assert!(patched_in(Profile::Default, &of(fits).unwrap().resource, &operations).is_ok());
}

#[test]
fn the_fields_of_a_user_are_read_from_the_canonical_form() {
    let bare = created(&json!({"userName": "u"}));
    let full = created(&json!({
        "userName": "u", "externalId": "e", "displayName": "d", "active": false,
        "emails": [{"value": "a", "type": "WORK"}, {"value": "b", "type": "home"}, {"value": "c", "type": "work"}],
    }));
    assert_eq!(
        (user::user_name(&full), user::external_id(&full), user::display_name(&full)),
        (Some("u"), Some("e"), Some("d"))
    );
    assert_eq!((user::external_id(&bare), user::display_name(&bare)), (None, None));
    assert_eq!((user::active(&full), user::active(&bare), user::active(&Object::new())), (false, true, true));
    assert_eq!((user::emails(&full), user::emails(&bare)), (3, 0));
    assert_eq!(user::work_emails(&full).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(user::work_emails(&bare).count(), 0);
    let types = [UserType::Regular, UserType::External, UserType::Collaborator]
        .map(|user_type| (user_type.to_string(), user_type.class().is_paid()));
    assert_eq!(
        types,
        [("Regular".to_owned(), true), ("External".to_owned(), true), ("Collaborator".to_owned(), false)]
    );
    let unknown = "Boss".parse::<UserType>().unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no user type \"Boss\"; there are Regular, External, Collaborator"
    );
}

#[test]
fn a_rendered_user_has_schemas_and_the_urls_of_its_references() {
    let envelope = Envelope {
        id: "7",
        version: 3,
        created: "c",
        last_modified: "m",
        location: "https://x.example/scim/v2/acme/Users/7",
    };
    let mut resource = created(
        &json!({"userName": "u", "externalId": "e", ENTERPRISE_USER: {"division": "D"}, USHER_USER: {"userType": "External"}}),
    );
    resource.insert("groups".to_owned(), json!([{"value": "g"}, {"display": "no id"}]));

    assert_eq!(
        Value::Object(render(resource, &envelope)),
        json!({
            "schemas": [CORE_USER, ENTERPRISE_USER, USHER_USER],
            "id": "7", "externalId": "e", "userName": "u", "active": true,
            "groups": [{"value": "g", "$ref": "https://x.example/scim/v2/acme/Groups/g"}, {"display": "no id"}],
            ENTERPRISE_USER: {"division": "D"}, USHER_USER: {"userType": "External"},
            "meta": {
                "resourceType": "User", "created": "c", "lastModified": "m", "version": "W/\"3\"",
                "location": "https://x.example/scim/v2/acme/Users/7",
            },
        })
    );
    let members = json!([{"value": "a", "type": "User"}, {"value": "b", "type": "Group"}, {"value": "c"}]);
    let team =
        Object::from_iter([("displayName".to_owned(), json!("Team")), ("members".to_owned(), members)]);
    let location = "https://x.example/scim/v2/acme/Groups/7";
    assert_eq!(
        Value::Object(group::render(team, &Envelope { location, ..envelope })),
        json!({
            "schemas": [schema::CORE_GROUP], "id": "7", "displayName": "Team",
            "members": [
                {"value": "a", "type": "User", "$ref": "https://x.example/scim/v2/acme/Users/a"},
                {"value": "b", "type": "Group", "$ref": "https://x.example/scim/v2/acme/Groups/b"},
                {"value": "c", "$ref": "https://x.example/scim/v2/acme/Users/c"},
            ],
            "meta": {
                "resourceType": "Group", "created": "c", "lastModified": "m", "version": "W/\"3\"",
                "location": location,
            },
        })
    );
}
