//! The parameters `attributes` and `excludedAttributes`.

use serde_json::{Value, json};
use usher_scim::projection::Projection;
use usher_scim::schema;
use usher_scim::user::{Envelope, render};

use crate::ada;

fn projected(attributes: Option<&str>, excluded: Option<&str>) -> Value {
    let envelope = Envelope { id: "7", version: 1, created: "c", last_modified: "m", location: "l" };
    let mut document = render(ada(), &envelope);
    Projection::parse(attributes, excluded, schema::user()).apply(&mut document);
    Value::Object(document)
}

fn names(document: &Value) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn only_requested_attributes_and_the_id_are_returned() {
    let document = projected(Some("USERNAME, name.givenname,emails[type eq \"a,b\"]"), None);

    assert_eq!(names(&document), ["schemas", "id", "userName", "name", "emails"]);
    assert_eq!(document["name"], json!({"givenName": "Ada"}));
    assert_eq!(document["emails"].as_array().unwrap().len(), 2);
    assert_eq!(names(&projected(Some("nope"), None)), ["schemas", "id"]);
}

#[test]
fn extension_attributes_are_requested_by_urn() {
    let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    let document = projected(Some(department), None);

    assert_eq!(document[schema::ENTERPRISE_USER], json!({"department": "Engines"}));
    assert!(document.get("userName").is_none());
}

#[test]
fn excluded_attributes_are_omitted_except_the_id() {
    let document = projected(None, Some("emails.value,name,id,userName"));

    assert_eq!(document["id"], "7");
    assert!(document.get("name").is_none() && document.get("userName").is_none());
    assert!(document["emails"][0].get("value").is_none());
    assert_eq!(document["emails"][0]["type"], "work");
}

/// Returns the JSON pointers that remain of a user who has a value at every kind of place.
fn left(attributes: Option<&str>, excluded: Option<&str>) -> Vec<String> {
    let custom = schema::CUSTOM_USER;
    let mut document = json!({
        "schemas": [schema::CORE_USER], "id": "7", "userName": "u", "title": "t",
        "name": {"givenName": "g", "familyName": "f"},
        "emails": [{"type": "work", "value": "w"}, {"type": "home"}],
        schema::ENTERPRISE_USER: {"department": "d", "manager": {"value": "m", "$ref": "r"}},
        custom: {"badge": 7, "Site": "s"},
        "meta": {"version": "v", "created": "c"},
    });
    let document = document.as_object_mut().unwrap();
    Projection::parse(attributes, excluded, schema::user()).apply(document);
    let mut leaves = Vec::new();
    for (name, value) in &*document {
        collect(name.trim_start_matches("urn:ietf:params:scim:schemas:extension:"), value, &mut leaves);
    }
    leaves.retain(|leaf| !["schemas.0", "id"].contains(&leaf.as_str()));
    leaves
}

fn collect(at: &str, value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Object(parts) => {
            for (name, value) in parts {
                collect(&format!("{at}.{name}"), value, leaves);
            }
        }
        Value::Array(parts) => {
            for (n, value) in parts.iter().enumerate() {
                collect(&format!("{at}.{n}"), value, leaves);
            }
        }
        _ => leaves.push(at.to_owned()),
    }
}

const ALL: [&str; 13] = [
    "userName",
    "title",
    "name.givenName",
    "name.familyName",
    "emails.0.type",
    "emails.0.value",
    "emails.1.type",
    "enterprise:2.0:User.department",
    "enterprise:2.0:User.manager.value",
    "enterprise:2.0:User.manager.$ref",
    "custom:2.0:User.badge",
    "custom:2.0:User.Site",
    "meta.version",
];

#[test]
fn attributes_lists_what_is_kept() {
    let enterprise = schema::ENTERPRISE_USER;
    let custom = schema::CUSTOM_USER;
    for (asked, expected) in [
        ("title", vec!["title"]),
        (" TITLE ,, userName ", vec!["userName", "title"]),
        ("name", vec!["name.givenName", "name.familyName"]),
        ("name.givenName", vec!["name.givenName"]),
        ("name.givenName,name", vec!["name.givenName", "name.familyName"]),
        ("emails.type", vec!["emails.0.type", "emails.1.type"]),
        (
            "emails[type eq \"a,b\"].value,title",
            vec!["title", "emails.0.type", "emails.0.value", "emails.1.type"],
        ),
        ("department", vec!["enterprise:2.0:User.department"]),
        (format!("{enterprise}:manager.value").as_str(), vec!["enterprise:2.0:User.manager.value"]),
        (
            format!("{enterprise}:manager").as_str(),
            vec!["enterprise:2.0:User.manager.value", "enterprise:2.0:User.manager.$ref"],
        ),
        (
            format!("{enterprise}:manager.value,{enterprise}:department").as_str(),
            vec!["enterprise:2.0:User.department", "enterprise:2.0:User.manager.value"],
        ),
        (
            format!("{enterprise}:manager.value,{enterprise}:manager").as_str(),
            vec!["enterprise:2.0:User.manager.value", "enterprise:2.0:User.manager.$ref"],
        ),
        (enterprise, ALL[7..10].to_vec()),
        (format!("{custom}:BADGE").as_str(), vec!["custom:2.0:User.badge"]),
        (custom, vec!["custom:2.0:User.badge", "custom:2.0:User.Site"]),
        ("Meta", vec!["meta.version", "meta.created"]),
        ("id", vec![]),
        ("nope", vec![]),
        ("name.nope", vec![]),
        ("title.nope", vec![]),
        ("urn:example:x", vec![]),
    ] {
        assert_eq!(left(Some(asked), None), expected, "{asked}");
        assert_eq!(left(Some(asked), Some("title,name")), expected, "{asked}: attributes decide");
    }
    for everything in [None, Some(""), Some("  ")] {
        assert_eq!(left(everything, None)[..13], ALL);
    }
}

#[test]
fn excluded_attributes_lists_what_is_omitted() {
    let enterprise = schema::ENTERPRISE_USER;
    let custom = schema::CUSTOM_USER;
    for (excluded, gone) in [
        ("title", vec!["title"]),
        ("id,schemas", vec![]),
        ("name", vec!["name.givenName", "name.familyName"]),
        ("NAME.GIVENNAME", vec!["name.givenName"]),
        ("emails.type", vec!["emails.0.type", "emails.1.type"]),
        ("emails", vec!["emails.0.type", "emails.0.value", "emails.1.type"]),
        (enterprise, ALL[7..10].to_vec()),
        ("department", vec!["enterprise:2.0:User.department"]),
        (format!("{enterprise}:manager.value").as_str(), vec!["enterprise:2.0:User.manager.value"]),
        (format!("{custom}:site").as_str(), vec!["custom:2.0:User.Site"]),
        ("meta", vec!["meta.version", "meta.created"]),
        ("addresses.country,nickName,costCenter", vec![]),
        ("nope", vec![]),
        ("", vec![]),
    ] {
        let mut all = left(None, None);
        all.retain(|leaf| !gone.contains(&leaf.as_str()));
        assert_eq!(left(None, Some(excluded)), all, "{excluded}");
    }
}

#[test]
fn attributes_that_are_omitted_need_not_be_read() {
    let parse = |attributes, excluded| Projection::parse(attributes, excluded, schema::group());
    for (attributes, excluded, members, everything) in [
        (None, None, true, true),
        (Some(" "), None, true, true),
        (Some("displayName"), None, false, false),
        (Some("members"), None, true, false),
        (Some("members.value"), None, true, false),
        (None, Some("members"), false, false),
        (None, Some("members.display"), true, false),
        (None, Some("displayName"), true, false),
        (None, Some(""), true, true),
        (Some("members"), Some("members"), true, false),
        (Some("nope"), None, false, false),
        (None, Some("nope"), true, true),
    ] {
        let projection = parse(attributes, excluded);
        assert_eq!(projection.returns("members"), members, "{attributes:?} {excluded:?}");
        assert_eq!(projection.is_everything(), everything, "{attributes:?} {excluded:?}");
    }
    let extension = format!("{}:department", schema::ENTERPRISE_USER);
    let projection = Projection::parse(None, Some(&extension), schema::user());
    assert!(projection.returns(schema::ENTERPRISE_USER));
}
