//! Usher's extension: the attribute that decides the class of a user's seat.

use super::attribute::Attribute;
use super::{Schema, USHER_USER};

const TYPES: &[&str] = &["Regular", "External", "Collaborator"];

pub(super) fn schema() -> Schema {
    Schema {
        id: USHER_USER,
        name: "UsherUser",
        description: "The seat of a user",
        attributes: vec![
            Attribute::string(
                "userType",
                "The seat class: Regular, which is the default, External or Collaborator; every user has one",
            )
            .canonical(TYPES)
            .closed(),
        ],
    }
}
