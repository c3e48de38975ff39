//! No input makes a function panic or take long.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use usher_scim::filter::{bind, parse};
use usher_scim::schema::{ENTERPRISE_USER, USHER_USER};
use usher_scim::user::{canonicalize, create, replace};
use usher_scim::{Profile, ScimType, eval, patch, schema, user};

use crate::{ada, patched_in};

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
    fn a_document_of_any_shape_is_accepted_or_refused(document in value()) {
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

            // A stored resource stays the same when it is read again: the canonical form is a fixed point.
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

/// Fails if the work takes longer than one request may keep a processor busy. The limit allows for other work
/// on the machine and for a build without optimization.
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    done
}

#[test]
fn a_patch_that_often_filters_long_lists_is_refused_quickly() {
    let mut large = ada();
    let photos: Vec<_> =
        (0..10).map(|at| json!({"value": "É".repeat(45_000), "type": at.to_string()})).collect();
    large.insert("photos".to_owned(), photos.into());
    let path = "photos[value co \"a\" or value co \"b\" or value co \"c\" or value co \"é\"].display";
    let operation = json!({"op": "replace", "path": path, "value": "x"});
    let operations = json!(vec![operation; 700]);
    assert!(operations.to_string().len() > 80_000);

    let fault = soon(|| patched_in(Profile::Default, &large, &operations)).unwrap_err();

    assert_eq!(fault.scim_type, ScimType::TooMany);
}

#[test]
fn a_patch_of_many_operations_on_lists_of_ordinary_length_is_applied() {
    let mut user = ada();
    let addresses: Vec<_> = (0..30).map(|at| json!({"value": format!("a{at}@x"), "type": "other"})).collect();
    user.insert("emails".to_owned(), addresses.into());
    let operation = json!({"op": "replace", "path": "emails[value eq \"a7@x\"].display", "value": "x"});

    soon(|| patched_in(Profile::Default, &user, &json!(vec![operation; 4_000]))).unwrap();
}

#[test]
fn the_longest_filter_is_parsed_and_evaluated_quickly() {
    let mut large = ada();
    large.insert("title".to_owned(), "É".repeat(450_000).into());
    let terms = vec!["title co \"x\""; 200].join(" or ");
    let nested = format!("{}title co \"x\"{}", "not (".repeat(32), ")".repeat(32));
    let elements = vec!["emails[type eq \"a\" and value co \"b\"]"; 66].join(" or ");
    let unread = ["(".repeat(4_800), "a[".repeat(2_400), "not ".repeat(1_200), "a eq 'x ".repeat(600)];

    soon(|| {
        for text in [&terms, &nested, &elements] {
            let filter = parse(text, Profile::Default).unwrap();
            let bound = bind(&filter, schema::user(), Profile::Default).unwrap();
            eval::matches(&bound, &large);
        }
        for text in &unread {
            assert!(parse(text, Profile::Default).is_err(), "{text}");
        }
    });
}

#[test]
fn messages_quote_only_the_beginning_of_what_a_client_sent() {
    let long = "é".repeat(20_000);
    let details = [
        patched_in(Profile::Default, &ada(), &json!([{"op": long, "path": "title", "value": 1}])),
        patched_in(Profile::Default, &ada(), &json!([{"op": "add", "path": long, "value": 1}])),
        patched_in(Profile::Default, &ada(), &json!([{"op": "add", "path": long[..1_000], "value": 1}])),
        patched_in(
            Profile::Default,
            &ada(),
            &json!([{"op": "add", "value": {USHER_USER: {"userType": long}}}]),
        ),
        patched_in(Profile::Strict, &ada(), &json!([{"op": "add", "value": {long.as_str(): 1}}])),
    ]
    .map(|refused| refused.unwrap_err().detail);
    let body = json!({"userName": "x", "active": long, "emails": long, USHER_USER: {"userType": long}});
    let document = canonicalize(&body, schema::user(), Profile::Default).unwrap_err().detail;
    let filter = format!("a{} eq 1", "b".repeat(15_000));
    let filter = bind(&parse(&filter, Profile::Default).unwrap(), schema::user(), Profile::Default);

    for detail in details.into_iter().chain([document, filter.unwrap_err().detail]) {
        assert!(detail.chars().count() <= 601, "{detail}");
    }
}

#[test]
fn an_id_in_two_spellings_is_one_member() {
    let id = "01890000-0000-7000-8000-00000000000a";
    let body = json!({"displayName": "G", "members": [{"value": id}, {"value": id.to_uppercase()}]});
    let incoming = usher_scim::group::canonicalize(body, Profile::Default).unwrap();

    let members = usher_scim::group::create(incoming).unwrap().members;

    let [usher_scim::group::Step::Delta(delta)] = members.as_slice() else { panic!("{members:?}") };
    assert_eq!(delta.add.keys().collect::<Vec<_>>(), [id]);
}
