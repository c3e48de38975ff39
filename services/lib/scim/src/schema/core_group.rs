//! The core group schema (RFC 7643 section 4.2).

use super::attribute::{Attribute, Kind, MAX_NAME, external_id};
use super::{CORE_GROUP, Schema};

pub(super) fn schema() -> Schema {
    Schema {
        id: CORE_GROUP,
        name: "Group",
        description: "Group",
        attributes: vec![
            external_id(),
            Attribute::string("displayName", "Unique name of the group in the workspace")
                .required()
                .unique()
                .up_to(MAX_NAME),
            members(),
        ],
    }
}

fn members() -> Attribute {
    Attribute::complex(
        "members",
        "The users and groups in the group",
        vec![
            Attribute::string("value", "The member's id").exact().immutable(),
            Attribute::new("$ref", Kind::Reference, "The member's address")
                .immutable()
                .refers_to(&["User", "Group"]),
            Attribute::string("display", "What the client calls the member, else the member's own name")
                .immutable(),
            Attribute::string("type", "What the member is").immutable().canonical(&["User", "Group"]),
        ],
    )
    .multi()
}
