//! `attributes` and `excludedAttributes`.

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
fn only_what_is_asked_for_is_returned_and_the_id_always() {
    let document = projected(Some("USERNAME, name.givenname,emails[type eq \"a,b\"]"), None);

    assert_eq!(names(&document), ["schemas", "id", "userName", "name", "emails"]);
    assert_eq!(document["name"], json!({"givenName": "Ada"}));
    assert_eq!(document["emails"].as_array().unwrap().len(), 2);
    assert_eq!(names(&projected(Some("nope"), None)), ["schemas", "id"]);
}

#[test]
fn extension_attributes_are_asked_for_by_urn() {
    let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    let document = projected(Some(department), None);

    assert_eq!(document[schema::ENTERPRISE_USER], json!({"department": "Engines"}));
    assert!(document.get("userName").is_none());
}

#[test]
fn what_is_excluded_is_not_returned_but_the_id_is() {
    let document = projected(None, Some("emails.value,name,id,userName"));

    assert_eq!(document["id"], "7");
    assert!(document.get("name").is_none() && document.get("userName").is_none());
    assert!(document["emails"][0].get("value").is_none());
    assert_eq!(document["emails"][0]["type"], "work");
}
