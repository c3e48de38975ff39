//! Whatever comes in, the answer is a result.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use usher_scim::schema::{ENTERPRISE_USER, USHER_USER};
use usher_scim::user::{canonicalize, create, replace};
use usher_scim::{Profile, patch, schema, user};

use crate::ada;

fn name() -> impl Strategy<Value = String> {
    let known = [
        "userName",
        "NAME",
        "name.givenName",
        "emails",
        "roles",
        "active",
        "manager",
        "userType",
        "photos",
        "id",
        "value",
        "type",
        "primary",
        "$ref",
        "addresses",
        ENTERPRISE_USER,
        USHER_USER,
        "urn:x:y",
        "",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(vec!["True", "false", "External", "work", "{\"value\":1}", "\u{0}"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|parts| Value::Object(parts.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        name(),
        Just("emails[type eq \"work\"].value".to_owned()),
        Just("emails[not (primary eq true)]".to_owned()),
        Just("roles[primary eq \"True\"].value".to_owned()),
        Just("addresses[type eq \"home\" or country pr].locality".to_owned()),
        Just(format!("{ENTERPRISE_USER}:manager.value")),
        "\\PC{0,12}",
    ]
}

fn operation() -> impl Strategy<Value = Value> {
    (
        prop::sample::select(vec!["add", "Replace", "remove"]),
        prop::option::of(path()),
        prop::option::of(value()),
    )
        .prop_map(|(op, path, value)| {
            let mut operation = json!({ "op": op });
            if let Some(path) = path {
                operation["path"] = path.into();
            }
            if let Some(value) = value {
                operation["value"] = value;
            }
            operation
        })
}

proptest! {
    #[test]
    fn a_document_of_any_shape_is_taken_or_refused(document in value()) {
        for profile in [Profile::Default, Profile::Strict] {
            if let Ok(incoming) = canonicalize(&document, schema::user(), profile) {
                let _ = create(incoming.clone(), profile);
                let _ = replace(&ada(), incoming, profile);
            }
        }
    }

    #[test]
    fn operations_of_any_shape_are_applied_or_refused_and_keep_the_resource_canonical(
        operations in prop::collection::vec(operation(), 1..4),
    ) {
        for profile in [Profile::Default, Profile::Strict] {
            let Ok(parsed) = patch::parse(&json!({ "Operations": operations }), profile) else { continue };
            let Ok(changed) = user::patch(&ada(), &parsed, schema::user(), profile) else { continue };

            // What was stored reads back as itself: canonical form is a fixed point.
            let again = create(canonicalize(&Value::Object(changed.resource.clone()), schema::user(), Profile::Default).unwrap(), Profile::Default).unwrap();
            if profile == Profile::Default {
                prop_assert_eq!(&again.resource, &changed.resource);
            }
            let primaries = changed.resource.values().filter_map(Value::as_array)
                .map(|list| list.iter().filter(|element| element["primary"] == json!(true)).count());
            prop_assert!(primaries.max().unwrap_or(0) <= 1);
        }
    }
}
