//! Any text is a path of a PATCH operation or is refused, and a removal by it leaves a user a user.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use usher_scim::user::{canonicalize, create, patch};
use usher_scim::{Profile, patch as message, schema};

fuzz_target!(|path: &str| {
    let document = json!({
        "userName": "ada", "name": {"givenName": "Ada"}, "emails": [{"type": "work", "value": "a@x"}, {"value": "b@x"}],
    });
    let user = canonicalize(&document, schema::user(), Profile::Default)
        .and_then(|incoming| create(incoming, Profile::Default))
        .expect("a plain user")
        .resource;
    for operation in [
        json!({"op": "remove", "path": path}),
        json!({"op": "add", "path": path, "value": "x"}),
        json!({"op": "replace", "value": {path: {"value": "x"}}}),
    ] {
        for profile in [Profile::Default, Profile::Strict] {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation.clone()],
            });
            let Ok(operations) = message::parse(&body, profile) else { continue };
            if let Ok(changed) = patch(&user, &operations, schema::user(), profile) {
                assert!(changed.resource["userName"].is_string());
            }
        }
    }
});
