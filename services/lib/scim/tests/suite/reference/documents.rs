//! Documents of users and groups.

use serde_json::{Value, json};
use usher_scim::schema::{ENTERPRISE_USER, USHER_USER};
use usher_scim::user::{canonicalize, create};
use usher_scim::{Profile, ScimType, group, schema};

use super::Want::{self, At, Refused};
use super::{MANAGER, judge};
use crate::ada;

#[test]
fn every_document_that_was_seen_becomes_what_is_wanted() {
    let rows: Vec<(&str, Value, Want)> = vec![
        (
            "TUT create",
            json!({"schemas": [schema::CORE_USER], "externalId": "e", "meta": {"resourceType": "User"}, "roles": []}),
            At("/roles", json!(null)),
        ),
        (
            "TUT nulls",
            json!({"addresses": null, "phoneNumbers": null, "title": null, "manager": null}),
            At("/addresses", json!(null)),
        ),
        (
            "TUT top-level department",
            json!({"department": "D"}),
            At("/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department", json!("D")),
        ),
        (
            "TUT misspelled URN",
            json!({"urn:ietf:params:scim:schemas:extension:enterprise:2.0User": {"department": "D"}}),
            At("/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department", json!("D")),
        ),
        (
            "TUT manager as a string",
            json!({(ENTERPRISE_USER): {"manager": "123456"}}),
            At(MANAGER, json!({"value": "123456"})),
        ),
        (
            "SRC capitalised keys",
            json!({"Emails": [{"Primary": true, "Value": "a@x"}], (ENTERPRISE_USER): {"Department": "D", "Manager": {"Value": "SuzzyQ"}}}),
            At(MANAGER, json!({"value": "SuzzyQ"})),
        ),
        ("SRC string active", json!({"active": "True"}), At("/active", json!(true))),
        (
            "SRC two work addresses and nulls",
            json!({"emails": [{"type": "work", "value": "a@x", "display": null}, {"type": "work", "value": "b@x"}]}),
            At("/emails", json!([{"type": "work", "value": "a@x"}, {"type": "work", "value": "b@x"}])),
        ),
        ("SRC misspelled attribute", json!({"dispalyName": "x"}), At("/dispalyName", json!(null))),
        (
            "PR run 26: roles.primary",
            json!({"roles": [{"primary": "True", "display": "d", "value": "v", "type": "t"}]}),
            At("/roles/0/primary", json!(true)),
        ),
        (
            "validator garbage",
            json!({"locale": "RJWNTUNNOHNZ", "profileUrl": "BAPNQLJSRQGD"}),
            At("/profileUrl", json!("BAPNQLJSRQGD")),
        ),
        ("zitadel#9690", json!({"emails": [{"value": "a@x"}]}), At("/emails/0/type", json!("work"))),
        (
            "OKTA create",
            json!({"password": "x", "groups": [], "locale": "en-US", "externalId": "00u"}),
            At("/groups", json!(null)),
        ),
        (
            "azure-docs#65648",
            json!({"schemas": [], (USHER_USER): {"userType": "External"}}),
            At("/urn:ietf:params:scim:schemas:extension:usher:2.0:User/userType", json!("External")),
        ),
        (
            "exactly as sent",
            json!({"phoneNumbers": [{"value": " (555) 1-2 ", "type": "work"}]}),
            At("/phoneNumbers/0/value", json!(" (555) 1-2 ")),
        ),
        ("bad boolean", json!({"active": "yes"}), Refused(ScimType::InvalidValue)),
        ("Zoom", json!({"userType": "Licensed"}), Refused(ScimType::InvalidValue)),
    ];
    for (source, mut body, want) in rows {
        body["userName"] = "u@x".into();
        let outcome = canonicalize(&body, schema::user(), Profile::Default)
            .and_then(|incoming| create(incoming, Profile::Default));
        judge(source, outcome, want);
    }
    for body in [json!({}), json!({"schemas": []})] {
        let incoming = canonicalize(&body, schema::user(), Profile::Default).unwrap();
        assert!(create(incoming.clone(), Profile::Default).is_err(), "SRC: POST without userName");
        let put = usher_scim::user::replace(&ada(), incoming, Profile::Default);
        assert_eq!(put.unwrap_err().scim_type, ScimType::InvalidValue, "SRC: PUT without userName");
    }
}

#[test]
fn every_group_that_was_seen_is_read() {
    let members = |body: Value| {
        let change = group::create(group::canonicalize(body, Profile::Default).unwrap()).unwrap();
        change
            .members
            .into_iter()
            .flat_map(|step| match step {
                group::Step::Delta(delta) => delta.add.into_keys(),
                group::Step::RemoveWhere(_) => unreachable!("a document filters nobody"),
            })
            .collect::<Vec<_>>()
    };
    for (source, sent) in [
        ("TUT", json!([{"$ref": null, "value": "a"}])),
        ("SRC filled group", json!([{"value": "a", "display": "A"}])),
        ("SRC bare string", json!("a")),
        ("SCIM-SDK#419: no type", json!([{"value": "a"}])),
        ("twice", json!([{"value": "a"}, {"Value": "a", "type": "User"}])),
        ("by address", json!([{"$ref": "https://x/scim/v2/acme/Users/a"}])),
    ] {
        assert_eq!(members(json!({"displayName": "x", "members": sent})), ["a"], "{source}");
    }
    assert!(members(json!({"displayName": "x", "members": []})).is_empty(), "OKTA");
    assert!(members(json!({"displayName": "x", "members": null})).is_empty());
    assert!(
        group::canonicalize(json!({"displayName": "x", "members": [{"display": "A"}]}), Profile::Default)
            .is_err()
    );
}
