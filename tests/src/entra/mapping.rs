//! The attribute mapping from people of the directory to target attributes: Entra's default mapping, with `objectId`
//! as `externalId` and the user type added.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::attribute::{ENTERPRISE, Target};
use super::person::Person;

/// Values of target attributes. Values that are null in the directory are left out.
pub type Attributes = BTreeMap<Target, Value>;

/// All attributes that the job writes.
pub const TARGETS: [Target; 20] = [
    Target::Simple("externalId"),
    Target::USER_NAME,
    Target::ACTIVE,
    Target::Simple("displayName"),
    Target::Simple("title"),
    Target::Simple("preferredLanguage"),
    Target::Part("name", "givenName"),
    Target::Part("name", "familyName"),
    Target::Part("name", "formatted"),
    Target::Element("emails", "work", "value"),
    Target::Element("addresses", "work", "streetAddress"),
    Target::Element("addresses", "work", "locality"),
    Target::Element("addresses", "work", "country"),
    Target::Element("phoneNumbers", "work", "value"),
    Target::Element("phoneNumbers", "mobile", "value"),
    Target::Extension(ENTERPRISE, "employeeNumber"),
    Target::Extension(ENTERPRISE, "department"),
    Target::Extension(ENTERPRISE, "organization"),
    Target::MANAGER,
    Target::USER_TYPE,
];

/// The attributes of a person to provision, except the manager, which is a reference and is set separately.
pub fn attributes(person: &Person) -> Attributes {
    let text = |value: &Option<String>| value.as_ref().map(|text| json!(text));
    [
        (Target::Simple("externalId"), Some(json!(person.object_id.to_string()))),
        (Target::USER_NAME, Some(json!(person.user_principal_name))),
        (Target::ACTIVE, Some(json!(person.in_scope()))),
        (Target::Simple("displayName"), Some(json!(person.name.display))),
        (Target::Simple("title"), text(&person.job_title)),
        (Target::Simple("preferredLanguage"), Some(json!(person.name.language))),
        (Target::Part("name", "givenName"), Some(json!(person.name.given))),
        (Target::Part("name", "familyName"), Some(json!(person.name.family))),
        (Target::Part("name", "formatted"), Some(json!(person.name.display))),
        (Target::Element("emails", "work", "value"), Some(json!(person.mail))),
        (Target::Element("addresses", "work", "streetAddress"), text(&person.street_address)),
        (Target::Element("addresses", "work", "locality"), text(&person.city)),
        (Target::Element("addresses", "work", "country"), text(&person.country)),
        (Target::Element("phoneNumbers", "work", "value"), text(&person.telephone_number)),
        (Target::Element("phoneNumbers", "mobile", "value"), text(&person.mobile)),
        (Target::Extension(ENTERPRISE, "employeeNumber"), text(&person.employee_id)),
        (Target::Extension(ENTERPRISE, "department"), text(&person.department)),
        (Target::Extension(ENTERPRISE, "organization"), text(&person.company_name)),
        (Target::USER_TYPE, person.user_type.map(|user_type| json!(user_type))),
    ]
    .into_iter()
    .filter_map(|(target, value)| Some((target, value?)))
    .collect()
}

/// The body of the POST that creates a user. Like Entra, it does not name Usher's extension in `schemas`, and
/// contains `roles` and `meta`.
pub fn creation(attributes: &Attributes) -> Value {
    let mut document = Map::new();
    document.insert(
        "schemas".to_owned(),
        json!([
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ]),
    );
    for (target, value) in attributes {
        target.write(&mut document, value.clone());
    }
    document.insert("meta".to_owned(), json!({ "resourceType": "User" }));
    document.insert("roles".to_owned(), json!([]));
    Value::Object(document)
}

/// What must be written so that a target with `has` gets `wants`. Nothing is ever removed: null in the directory is
/// not provisioned.
pub fn difference(has: &Attributes, wants: &Attributes) -> Attributes {
    wants
        .iter()
        .filter(|(target, value)| has.get(*target) != Some(*value))
        .map(|(target, value)| (*target, value.clone()))
        .collect()
}
