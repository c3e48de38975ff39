//! The protocol, with documents as identity providers send them. Rows are named after their sources.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod canonical;
mod dialects;
mod directory;
mod discovery;
mod evaluator;
mod filter_texts;
mod filter_types;
mod groups;
mod hostile;
mod patch_dialects;
mod patch_lists;
mod patch_messages;
mod patch_paths;
mod projection;
mod shapes;
mod strict;
mod users;

use serde_json::{Value, json};
use usher_scim::user::{canonicalize, create};
use usher_scim::{Changed, Object, Profile, ScimError, patch, schema, user};

fn created(document: &Value) -> Object {
    create(canonicalize(document, schema::user(), Profile::Default).unwrap(), Profile::Default)
        .unwrap()
        .resource
}

fn ada() -> Object {
    created(&json!({
        "userName": "ada@acme.example",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"type": "work", "primary": true, "value": "ada@acme.example"}, {"type": "home", "value": "ada@home.example"}],
        "title": "Analyst",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engines"},
    }))
}

fn patched_in(profile: Profile, current: &Object, operations: &Value) -> Result<Changed, ScimError> {
    let message =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    let operations = patch::parse(&message, profile)?;
    user::patch(current, &operations, schema::user(), profile)
}

fn patched(operations: &Value) -> Value {
    Value::Object(patched_in(Profile::Default, &ada(), operations).unwrap().resource)
}
