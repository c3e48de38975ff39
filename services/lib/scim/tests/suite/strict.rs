//! The strict profile accepts only what the RFCs allow.

use serde_json::{Value, json};
use usher_scim::schema::ENTERPRISE_USER;
use usher_scim::user::{canonicalize, create};
use usher_scim::{Profile, ScimType, schema};

use crate::{ada, patched_in};

/// The expected result of operations.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The resource has this value at a JSON pointer.
    At(&'static str, Value),
    Refused(ScimType),
}

use Outcome::{At, Refused};

#[test]
fn the_strict_profile_accepts_only_the_rfc() {
    let rows = [
        (
            "string boolean",
            json!([{"op": "replace", "path": "active", "value": "False"}]),
            Refused(ScimType::InvalidValue),
        ),
        (
            "op in capitals",
            json!([{"op": "Replace", "path": "title", "value": "x"}]),
            Refused(ScimType::InvalidSyntax),
        ),
        (
            "no match",
            json!([{"op": "replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1"}]),
            Refused(ScimType::NoTarget),
        ),
        (
            "no match to remove",
            json!([{"op": "remove", "path": "emails[type eq \"other\"]"}]),
            Refused(ScimType::NoTarget),
        ),
        (
            "removal with a value",
            json!([{"op": "remove", "path": "emails", "value": [{"value": "x"}]}]),
            Refused(ScimType::InvalidSyntax),
        ),
        (
            "manager as a string",
            json!([{"op": "add", "path": format!("{ENTERPRISE_USER}:manager"), "value": "m"}]),
            Refused(ScimType::InvalidValue),
        ),
        (
            "one element without its list",
            json!([{"op": "add", "path": "emails", "value": {"value": "x"}}]),
            Refused(ScimType::InvalidValue),
        ),
        (
            "unknown in a path-less value",
            json!([{"op": "add", "value": {"nope": 1}}]),
            Refused(ScimType::InvalidPath),
        ),
        (
            "id in a path-less value",
            json!([{"op": "add", "value": {"id": "x"}}]),
            Refused(ScimType::Mutability),
        ),
        (
            "part that does not exist",
            json!([{"op": "add", "path": "name", "value": {"nope": "x"}}]),
            Refused(ScimType::InvalidValue),
        ),
        (
            "replacing an element replaces all of it",
            json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "n@x"}}]),
            At("/emails/0", json!({"value": "n@x"})),
        ),
        (
            "dates, numbers",
            json!([{"op": "replace", "path": "title", "value": 7}]),
            Refused(ScimType::InvalidValue),
        ),
        ("plain", json!([{"op": "replace", "value": {"title": "T"}}]), At("/title", json!("T"))),
    ];
    for (row, operations, wanted) in rows {
        let outcome = match (patched_in(Profile::Strict, &ada(), &operations), &wanted) {
            (Ok(changed), At(pointer, _)) => {
                At(pointer, Value::Object(changed.resource).pointer(pointer).cloned().unwrap_or_default())
            }
            (Ok(changed), Refused(_)) => panic!("{row} was taken: {}", Value::Object(changed.resource)),
            (Err(fault), _) => Refused(fault.scim_type),
        };
        assert_eq!(outcome, wanted, "{row}");
    }
    for body in [
        json!({"userName": "x"}),
        json!({"schemas": [schema::CORE_USER], "userName": "x", "active": "True"}),
        json!({"schemas": [schema::CORE_USER], "userName": "x", "nope": 1}),
        json!({"schemas": [schema::CORE_USER], "userName": "x", "emails": "a@x"}),
    ] {
        assert!(canonicalize(&body, schema::user(), Profile::Strict).is_err(), "{body}");
    }
    let sent =
        json!({"schemas": [schema::CORE_USER], "userName": "x", "emails": [{"value": "a@x"}], "id": "y"});
    let taken =
        create(canonicalize(&sent, schema::user(), Profile::Strict).unwrap(), Profile::Strict).unwrap();
    assert_eq!(taken.resource["emails"], json!([{"value": "a@x"}]), "as sent");
}
