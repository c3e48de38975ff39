//! The enterprise extension (RFC 7643 section 4.3).

use super::attribute::{Attribute, Kind};
use super::{ENTERPRISE_USER, Schema};

pub(super) fn schema() -> Schema {
    Schema {
        id: ENTERPRISE_USER,
        name: "EnterpriseUser",
        description: "Enterprise User",
        attributes: vec![
            Attribute::string("employeeNumber", "The number the organization gave the person"),
            Attribute::string("costCenter", "The cost center"),
            Attribute::string("organization", "The organization"),
            Attribute::string("division", "The division"),
            Attribute::string("department", "The department"),
            Attribute::complex(
                "manager",
                "The person's manager",
                vec![
                    Attribute::string("value", "The manager's id").exact(),
                    Attribute::new("$ref", Kind::Reference, "The manager's address").refers_to(&["User"]),
                    Attribute::string("displayName", "The manager's name").read_only(),
                ],
            ),
        ],
    }
}
