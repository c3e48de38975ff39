//! What identity providers and validators are known to send, row by row, each named after where it was
//! seen: an issue, a validator's test, a vendor's documentation.

mod documents;
mod patches;
mod strict;

use serde_json::Value;
use usher_scim::schema::ENTERPRISE_USER;
use usher_scim::{Changed, Object, ScimError, ScimType};

/// What comes of a row.
enum Want {
    /// The value at a JSON pointer; null where there must be none.
    At(&'static str, Value),
    Refused(ScimType),
}

const MANAGER: &str = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager";

fn enterprise(name: &str) -> String {
    format!("{ENTERPRISE_USER}:{name}")
}

fn found(resource: &Object, pointer: &str) -> Value {
    Value::Object(resource.clone()).pointer(pointer).cloned().unwrap_or_default()
}

/// Holds a row's outcome against what is wanted.
fn judge(row: &str, outcome: Result<Changed, ScimError>, want: Want) {
    match (outcome, want) {
        (Ok(changed), Want::At(pointer, value)) => {
            assert_eq!(found(&changed.resource, pointer), value, "{row}");
        }
        (Err(fault), Want::Refused(scim_type)) => assert_eq!(fault.scim_type, scim_type, "{row}: {fault}"),
        (Ok(changed), Want::Refused(_)) => panic!("{row} was taken: {}", Value::Object(changed.resource)),
        (Err(fault), Want::At(..)) => panic!("{row} was refused: {fault}"),
    }
}
