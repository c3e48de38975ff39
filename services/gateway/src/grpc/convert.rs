//! Between messages and what the gateway works with.

use prost_types::Timestamp as WireTimestamp;
use serde_json::Value;
use usher_base::Reason;
use usher_proto::identity::v1 as pb;
use usher_rpc::Failure;
use usher_rpc::convert::from_wire;
use usher_scim::Profile;

use super::users::Resource;

impl TryFrom<pb::User> for Resource {
    type Error = Failure;

    fn try_from(user: pb::User) -> Result<Self, Failure> {
        let Ok(Value::Object(attributes)) = serde_json::from_str(&user.resource_json) else {
            return Err(Failure::new(Reason::Internal, "identity's answer has no document"));
        };
        Ok(Self {
            id: user.id,
            attributes,
            version: user.version,
            created: time(user.create_time)?,
            modified: time(user.update_time)?,
        })
    }
}

fn time(at: Option<WireTimestamp>) -> Result<String, Failure> {
    at.and_then(|at| from_wire("time", at).ok())
        .map(|at| at.to_string())
        .ok_or_else(|| Failure::new(Reason::Internal, "identity's answer has no time"))
}

pub(super) const fn profile(profile: Profile) -> pb::Profile {
    match profile {
        Profile::Default => pb::Profile::Default,
        Profile::Strict => pb::Profile::Strict,
    }
}
