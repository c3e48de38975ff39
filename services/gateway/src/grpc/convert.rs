//! Conversion between messages and the gateway's types.

use prost_types::Timestamp as WireTimestamp;
use usher_base::Reason;
use usher_proto::identity::v1 as pb;
use usher_rpc::Failure;
use usher_rpc::convert::from_wire;
use usher_scim::schema::{CustomAttribute, Kind};
use usher_scim::{Object, Profile};

use crate::kind::Resource;

impl TryFrom<pb::User> for Resource {
    type Error = Failure;

    fn try_from(user: pb::User) -> Result<Self, Failure> {
        Ok(Self {
            id: user.id,
            attributes: document(&user.resource_json)?,
            version: user.version,
            created: time(user.create_time)?,
            modified: time(user.update_time)?,
            degraded: user.degraded,
        })
    }
}

impl TryFrom<pb::Group> for Resource {
    type Error = Failure;

    fn try_from(group: pb::Group) -> Result<Self, Failure> {
        Ok(Self {
            id: group.id,
            attributes: document(&group.resource_json)?,
            version: group.version,
            created: time(group.create_time)?,
            modified: time(group.update_time)?,
            degraded: false,
        })
    }
}

/// A custom attribute.
pub(super) fn attribute(attribute: pb::Attribute) -> Result<CustomAttribute, Failure> {
    let kind = match attribute.r#type() {
        pb::AttributeType::String => Kind::String,
        pb::AttributeType::Boolean => Kind::Boolean,
        pb::AttributeType::Integer => Kind::Integer,
        pb::AttributeType::Decimal => Kind::Decimal,
        pb::AttributeType::DateTime => Kind::DateTime,
        pb::AttributeType::Reference => Kind::Reference,
        pb::AttributeType::Unspecified => {
            return Err(Failure::new(Reason::Internal, "identity's answer has an attribute without a type"));
        }
    };
    Ok(CustomAttribute {
        name: attribute.name,
        kind,
        description: attribute.description,
        case_exact: attribute.case_exact,
        canonical_values: attribute.canonical_values,
    })
}

fn document(json: &str) -> Result<Object, Failure> {
    serde_json::from_str(json)
        .map_err(|_| Failure::new(Reason::Internal, "identity's answer has no document"))
}

fn time(at: Option<WireTimestamp>) -> Result<String, Failure> {
    at.and_then(|at| from_wire("time", at).ok())
        .map(|at| at.to_string())
        .ok_or_else(|| Failure::new(Reason::Internal, "identity's answer has no time"))
}

/// The page size to request. In SCIM 0 means no resources (RFC 7644 section 3.4.2.4), for identity it means the
/// default.
pub(super) const fn count(asked: i32) -> i32 {
    if asked == 0 { -1 } else { asked }
}

pub(super) const fn profile(profile: Profile) -> pb::Profile {
    match profile {
        Profile::Default => pb::Profile::Default,
        Profile::Strict => pb::Profile::Strict,
    }
}
