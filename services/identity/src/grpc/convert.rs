//! Conversion between messages and domain types.

use serde_json::Value;
use usher_base::id::PersonKey;
use usher_proto::identity::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid, parse, to_wire};
use usher_scim::Profile;
use usher_scim::schema::{CustomAttribute, Kind};

use crate::group::Group;
use crate::person_names::{self, PersonName};
use crate::query::ListQuery;
use crate::user::User;

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            resource_json: Value::Object(user.to_resource()).to_string(),
            version: user.version,
            create_time: Some(to_wire(user.created_at)),
            update_time: Some(to_wire(user.updated_at)),
            provenance_json: String::new(),
            degraded: user.degraded,
        }
    }
}

impl From<Group> for pb::Group {
    fn from(group: Group) -> Self {
        Self {
            id: group.id.to_string(),
            version: group.version,
            create_time: Some(to_wire(group.created_at)),
            update_time: Some(to_wire(group.updated_at)),
            resource_json: Value::Object(group.into_resource()).to_string(),
        }
    }
}

/// The default page size.
const USUAL: i32 = 100;

/// The page size.
const fn count(asked: i32) -> i32 {
    if asked == 0 { USUAL } else { asked }
}

impl From<pb::ListUsersRequest> for ListQuery {
    fn from(message: pb::ListUsersRequest) -> Self {
        let profile = profile(message.profile());
        Self {
            profile,
            filter: message.filter,
            start_index: message.start_index,
            count: count(message.count),
            sort_by: message.sort_by,
            descending: message.descending,
            cursor: message.cursor,
            base: message.base_url,
        }
    }
}

impl From<pb::ListGroupsRequest> for ListQuery {
    fn from(message: pb::ListGroupsRequest) -> Self {
        let profile = profile(message.profile());
        Self {
            profile,
            filter: message.filter,
            start_index: message.start_index,
            count: count(message.count),
            sort_by: message.sort_by,
            descending: message.descending,
            cursor: message.cursor,
            base: message.base_url,
        }
    }
}

impl From<PersonName> for pb::PersonName {
    fn from(name: PersonName) -> Self {
        let PersonName { person, display, user_name } = name;
        Self { person_key: person.to_string(), display, user_name }
    }
}

pub(super) fn persons(keys: &[String]) -> Result<Vec<PersonKey>, InvalidArgument> {
    if keys.len() > person_names::MAX_PERSONS {
        let fault =
            format!("there are {}; ask for at most {} at once", keys.len(), person_names::MAX_PERSONS);
        return Err(invalid("person_keys", fault));
    }
    keys.iter().map(|key| parse("person_keys", key)).collect()
}

const TYPES: [(pb::AttributeType, Kind); 6] = [
    (pb::AttributeType::String, Kind::String),
    (pb::AttributeType::Boolean, Kind::Boolean),
    (pb::AttributeType::Integer, Kind::Integer),
    (pb::AttributeType::Decimal, Kind::Decimal),
    (pb::AttributeType::DateTime, Kind::DateTime),
    (pb::AttributeType::Reference, Kind::Reference),
];

pub(super) fn attribute_to_wire(attribute: CustomAttribute) -> pb::Attribute {
    let CustomAttribute { name, kind, description, case_exact, canonical_values } = attribute;
    let known = TYPES.iter().find(|(_, known)| *known == kind);
    let r#type = known.map_or(pb::AttributeType::Unspecified, |(r#type, _)| *r#type).into();
    pb::Attribute { name, r#type, description, case_exact, canonical_values }
}

pub(super) fn attribute_from_wire(message: pb::Attribute) -> Result<CustomAttribute, InvalidArgument> {
    let sent = message.r#type();
    let kind = TYPES.iter().find(|(known, _)| *known == sent).map(|(_, kind)| *kind);
    let kind = kind.ok_or_else(|| invalid("attribute.type", "it must be one of the types"))?;
    let pb::Attribute { name, description, case_exact, canonical_values, .. } = message;
    Ok(CustomAttribute { name, kind, description, case_exact, canonical_values })
}

pub(super) fn profile(profile: pb::Profile) -> Profile {
    match profile {
        pb::Profile::Strict => Profile::Strict,
        pb::Profile::Default | pb::Profile::Unspecified => Profile::Default,
    }
}
