//! A group as stored, and as SCIM clients see it.

use jiff::Timestamp;
use serde_json::Value;
use usher_base::id::GroupId;
use usher_scim::Object;

use crate::connection::sees;

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) display_name: String,
    pub(crate) external_id: Option<String>,
    /// The app that gave it its `externalId`, or provisioned it; empty if there is none.
    pub(crate) connection: String,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// The members as SCIM clients see them, but without their URLs. Empty also if they were not requested.
    pub(crate) members: Vec<Value>,
}

impl Group {
    /// The group as a client sees it, without another client's `externalId`.
    pub(crate) fn seen_by(mut self, client: Option<&str>) -> Self {
        if !sees(client, &self.connection) {
            self.external_id = None;
        }
        self
    }

    /// The canonical resource without its members.
    pub(crate) fn attributes(&self) -> Object {
        let mut resource = Object::new();
        if let Some(external_id) = &self.external_id {
            resource.insert("externalId".to_owned(), external_id.as_str().into());
        }
        resource.insert("displayName".to_owned(), self.display_name.as_str().into());
        resource
    }

    /// The canonical resource with its members.
    pub(crate) fn into_resource(self) -> Object {
        let mut resource = self.attributes();
        if !self.members.is_empty() {
            resource.insert("members".to_owned(), Value::Array(self.members));
        }
        resource
    }
}
