//! Any PATCH body is applied or refused, to users and to groups; what comes of it is canonical.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use usher_scim::user::{canonicalize, create};
use usher_scim::{Profile, group, json as reader, patch, schema, user};

fuzz_target!(|text: &str| {
    let Ok(body) = reader::parse(text) else { return };
    let document = json!({
        "userName": "ada", "title": "Analyst",
        "emails": [{"type": "work", "value": "a@x", "primary": true}, {"type": "home", "value": "b@x"}],
    });
    let plain = |document: &Value| {
        let incoming = canonicalize(document, schema::user(), Profile::Default)?;
        create(incoming, Profile::Default)
    };
    let current = plain(&document).expect("a plain user").resource;
    let named = json!({"displayName": "Engines"});
    let team = named.as_object().cloned().unwrap_or_default();
    for profile in [Profile::Default, Profile::Strict] {
        let Ok(operations) = patch::parse(&body, profile) else { continue };
        if let (Ok(changed), Profile::Default) =
            (user::patch(&current, &operations, schema::user(), profile), profile)
        {
            let again = plain(&Value::Object(changed.resource.clone())).expect("what was stored reads back");
            assert_eq!(again.resource, changed.resource);
        }
        if let Ok(change) = group::patch(&team, &operations, profile) {
            assert!(change.changed.resource["displayName"].is_string());
            assert!(!change.changed.resource.contains_key("members"));
        }
    }
});
