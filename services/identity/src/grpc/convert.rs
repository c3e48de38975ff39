//! Between messages and the domain.

use serde_json::Value;
use usher_proto::identity::v1 as pb;
use usher_rpc::convert::to_wire;
use usher_scim::Profile;

use crate::user::User;

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            resource_json: Value::Object(user.attributes.to_resource()).to_string(),
            version: user.version,
            create_time: Some(to_wire(user.created_at)),
            update_time: Some(to_wire(user.updated_at)),
            provenance_json: String::new(),
        }
    }
}

pub(super) fn profile(profile: pb::Profile) -> Profile {
    match profile {
        pb::Profile::Strict => Profile::Strict,
        pb::Profile::Default | pb::Profile::Unspecified => Profile::Default,
    }
}
