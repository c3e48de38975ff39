//! PATCH as Entra (in both dialects), Okta and the validators send it.

use serde_json::json;
use usher_scim::schema::{ENTERPRISE_USER, USHER_USER};
use usher_scim::{Profile, ScimType};

use crate::{ada, patched, patched_in};

#[test]
fn entra_verbose_deactivates_with_a_string() {
    for value in [json!("False"), json!("false"), json!(false)] {
        assert_eq!(
            patched(&json!([{"op": "Replace", "path": "active", "value": value}]))["active"],
            json!(false)
        );
    }
}

#[test]
fn okta_deactivates_without_a_path_and_sends_the_id() {
    let after = patched(&json!([{"op": "replace", "value": {"id": "x", "active": false}}]));

    assert_eq!(after["active"], json!(false));
    assert!(after.get("id").is_none());
}

#[test]
fn entra_compact_sends_dotted_and_urn_keys() {
    let after = patched(&json!([{"op": "replace", "value": {
        "displayName": "x", "name.givenName": "y",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "w",
        "urn:ietf:params:scim:schemas:extension:usher:2.0:User:userType": "external",
        "somethingElse": 1,
    }}]));

    assert_eq!(after["displayName"], "x");
    assert_eq!(after["name"], json!({"givenName": "y", "familyName": "Lovelace"}));
    assert_eq!(after[ENTERPRISE_USER], json!({"department": "Engines", "employeeNumber": "w"}));
    assert_eq!(after[USHER_USER]["userType"], "External");
    assert!(after.get("somethingElse").is_none());
}

#[test]
fn a_value_path_without_a_match_creates_what_it_describes() {
    for op in ["Add", "replace"] {
        let after =
            patched(&json!([{"op": op, "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1"}]));
        assert_eq!(after["phoneNumbers"], json!([{"type": "mobile", "value": "+1"}]));
    }
    let strict = patched_in(
        Profile::Strict,
        &ada(),
        &json!([{"op": "replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1"}]),
    );
    assert_eq!(strict.unwrap_err().scim_type, ScimType::NoTarget);
}

#[test]
fn adding_to_an_existing_element_replaces_its_sub_attribute_and_keeps_others() {
    let after = patched(
        &json!([{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "new@acme.example"}]),
    );

    assert_eq!(
        after["emails"],
        json!([{"type": "work", "primary": true, "value": "new@acme.example"}, {"type": "home", "value": "ada@home.example"}])
    );
}

#[test]
fn blank_and_null_clear_and_an_empty_element_is_removed() {
    for blank in [json!(""), json!(null)] {
        let after = patched(&json!([
            {"op": "replace", "path": "title", "value": blank},
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": blank},
            {"op": "replace", "value": {"name.givenName": blank}},
            {"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": blank},
        ]));

        assert!(after.get("title").is_none());
        assert_eq!(after["emails"], json!([{"type": "home", "value": "ada@home.example"}]));
        assert_eq!(after["name"], json!({"familyName": "Lovelace"}));
        assert!(after.get(ENTERPRISE_USER).is_none());
    }
}

#[test]
fn a_manager_is_set_and_cleared_in_every_shape() {
    let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    for value in [
        json!("m1"),
        json!({"value": "m1"}),
        json!([{"$ref": "http://x/Users/m1", "value": "m1"}]),
        json!({"Value": "m1", "displayName": "Boss"}),
    ] {
        for path in [path, "manager"] {
            let after = patched(&json!([{"op": "Add", "path": path, "value": value}]));
            assert_eq!(after[ENTERPRISE_USER]["manager"]["value"], "m1", "{value}");
            assert!(after[ENTERPRISE_USER]["manager"].get("displayName").is_none());
        }
    }
    for removal in [
        json!({"op": "remove", "path": path}),
        json!({"op": "replace", "path": path, "value": ""}),
        json!({"op": "replace", "path": path, "value": {"value": ""}}),
        json!({"op": "replace", "path": path, "value": null}),
        json!({"op": "replace", "path": format!("{path}.value"), "value": ""}),
    ] {
        let after = patched(&json!([{"op": "add", "path": path, "value": "m1"}, removal]));
        assert!(after[ENTERPRISE_USER].get("manager").is_none(), "{removal}");
    }
}

#[test]
fn roles_come_as_json_in_a_string_and_are_matched_by_a_string_boolean() {
    let sent = r#"{"id":"guid","value":"25","displayName":"Role1234"}"#;
    let after = patched(&json!([{"op": "Add", "path": "roles", "value": [{"value": sent}]}]));
    assert_eq!(after["roles"], json!([{"value": "25"}]));

    let after = patched(&json!([
        {"op": "add", "path": "roles", "value": [{"primary": "True", "value": "a"}]},
        {"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "b"},
    ]));
    assert_eq!(after["roles"], json!([{"primary": true, "value": "b"}]));
}

#[test]
fn primary_moves_to_the_element_that_is_set_primary() {
    let after =
        patched(&json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}]));
    assert_eq!(after["emails"][0]["primary"], json!(false));
    assert_eq!(after["emails"][1]["primary"], json!(true));

    let after = patched(
        &json!([{"op": "add", "path": "emails", "value": [{"value": "x@y.example", "type": "other", "primary": true}]}]),
    );
    assert_eq!(after["emails"][0]["primary"], json!(false));
    assert_eq!(after["emails"][2]["primary"], json!(true));
}

#[test]
fn adding_a_list_is_a_union_and_removing_a_list_removes_only_its_elements() {
    let after = patched(&json!([
        {"op": "add", "path": "emails", "value": [{"type": "home", "value": "ada@home.example"}, {"type": "other", "value": "o@x.example"}]},
        {"op": "remove", "path": "emails", "value": [{"value": "ada@home.example"}]},
    ]));

    let left: Vec<_> =
        after["emails"].as_array().unwrap().iter().map(|email| email["value"].as_str().unwrap()).collect();
    assert_eq!(left, ["ada@acme.example", "o@x.example"]);
}

#[test]
fn operations_run_in_order_and_all_or_none() {
    let after = patched(&json!([
        {"op": "remove", "path": "title"}, {"op": "add", "path": "title", "value": "a"}, {"op": "replace", "path": "title", "value": "b"},
    ]));
    assert_eq!(after["title"], "b");

    let fault = patched_in(
        Profile::Default,
        &ada(),
        &json!([{"op": "replace", "path": "title", "value": "b"}, {"op": "replace", "path": "id", "value": "b"}]),
    )
    .unwrap_err();
    assert_eq!(fault.scim_type, ScimType::Mutability);
    assert!(fault.detail.starts_with("operation 2:"), "{}", fault.detail);
}

#[test]
fn faults_have_their_type() {
    for (operation, expected) in [
        (json!({"op": "replace", "path": "nope", "value": 1}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "emails[", "value": 1}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "emails[nope eq 1]", "value": "x"}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "title[x eq 1]", "value": "x"}), ScimType::InvalidPath),
        (json!({"op": "replace", "path": "groups", "value": []}), ScimType::Mutability),
        (json!({"op": "remove", "path": "userName"}), ScimType::InvalidValue),
        (json!({"op": "replace", "path": "userName", "value": " "}), ScimType::InvalidValue),
        (json!({"op": "replace", "path": "active", "value": "maybe"}), ScimType::InvalidValue),
        (
            json!({"op": "replace", "path": format!("{USHER_USER}:userType"), "value": "Boss"}),
            ScimType::InvalidValue,
        ),
        (json!({"op": "replace", "value": "x"}), ScimType::InvalidValue),
        (json!({"op": "remove"}), ScimType::NoTarget),
        (json!({"op": "move", "path": "title"}), ScimType::InvalidSyntax),
        (json!({"op": "add", "path": "title"}), ScimType::InvalidSyntax),
    ] {
        let fault = patched_in(Profile::Default, &ada(), &json!([operation])).unwrap_err();
        assert_eq!(fault.scim_type, expected, "{operation}: {fault}");
    }
    assert!(patched_in(Profile::Default, &ada(), &json!([])).is_err());
}

#[test]
fn changes_name_only_what_differs() {
    let changed = patched_in(
        Profile::Default,
        &ada(),
        &json!([{"op": "replace", "value": {"title": "Analyst", "name.givenName": "A.", "department": "Mills"}}]),
    )
    .unwrap();

    let mut paths: Vec<_> = changed.changes.iter().map(|change| change.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["name.givenName", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"]
    );
}

#[test]
fn the_core_user_type_is_separate_from_the_one_of_the_seat() {
    for path in ["userType", "urn:ietf:params:scim:schemas:core:2.0:User:userType"] {
        let after = patched(&json!([{"op": "add", "path": path, "value": "collaborator"}]));
        assert_eq!(after["userType"], "collaborator", "{path}");
        assert!(after.get(USHER_USER).is_none(), "{path}");
    }
    let path = format!("{USHER_USER}:userType");
    let after = patched(&json!([{"op": "add", "path": path, "value": "collaborator"}]));
    assert_eq!(after[USHER_USER], json!({"userType": "Collaborator"}));
    assert!(after.get("userType").is_none());
    let after = patched(&json!([{"op": "add", "path": USHER_USER, "value": {"userType": "External"}}]));
    assert_eq!(after[USHER_USER]["userType"], "External");
}

#[test]
fn an_extension_may_contain_schemas() {
    let extension = json!({ "schemas": [ENTERPRISE_USER], "division": "D" });

    for operation in [
        json!({ "op": "add", "path": ENTERPRISE_USER, "value": extension }),
        json!({ "op": "replace", "value": { ENTERPRISE_USER: extension } }),
    ] {
        for profile in [Profile::Default, Profile::Strict] {
            let after = patched_in(profile, &ada(), &json!([operation])).unwrap().resource;
            assert_eq!(after[ENTERPRISE_USER]["division"], "D", "{operation}");
        }
    }
}

#[test]
fn adding_nothing_changes_nothing() {
    for value in [json!({}), json!([])] {
        for path in ["name", "manager", "emails"] {
            assert_eq!(
                patched(&json!([{"op": "add", "path": path, "value": value}])),
                json!(ada()),
                "{path}"
            );
            assert_eq!(patched(&json!([{"op": "Add", "value": {path: value}}])), json!(ada()), "{path}");
        }
    }
    assert!(patched(&json!([{"op": "replace", "path": "name", "value": {}}])).get("name").is_none());
}

#[test]
fn an_operation_that_names_an_attribute_twice_with_different_values_is_refused() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    for (path, value) in [
        (None, json!({"name": {"givenName": "Ada"}, "name.givenName": "Eve"})),
        (None, json!({"title": "x", format!("{core}:title"): "y"})),
        (None, json!({"department": "x", ENTERPRISE_USER: {"department": "y"}})),
        (None, json!({"department": "x", ENTERPRISE_USER: null})),
        (Some(core), json!({"name": {"givenName": "Ada"}, "name.givenName": "Eve"})),
        (Some(ENTERPRISE_USER), json!({"manager": "7", "manager.value": "8"})),
    ] {
        let mut operation = json!({"op": "replace", "value": value});
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        let fault = patched_in(Profile::Default, &ada(), &json!([operation])).unwrap_err();
        assert!(fault.detail.contains("sent twice"), "{operation}: {fault}");
    }
    let after =
        patched(&json!([{"op": "replace", "value": {"name": {"givenName": "A"}, "name.familyName": "L"}}]));
    assert_eq!(after["name"], json!({"givenName": "A", "familyName": "L"}));
}
