//! A user as stored, and as SCIM sees it.

use jiff::Timestamp;
use serde_json::{Value, json};
use usher_base::Actor;
use usher_base::id::{PersonKey, UserId};
use usher_scim::schema::USHER_USER;
use usher_scim::user::UserType;
use usher_scim::{Object, user as scim};

use crate::page_size;

/// A user. `userName`, `externalId`, `active` and `userType` are fields here and nowhere else.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) attributes: Attributes,
    pub(crate) provenance: Object,
    /// The API app that provisioned the user; empty where none did.
    pub(crate) connection: String,
    /// As SCIM shows them, but without their addresses; empty also where they were not asked for.
    pub(crate) groups: Vec<Value>,
    pub(crate) version: i64,
    pub(crate) person: PersonKey,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// What a client sets.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) user_name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) active: bool,
    pub(crate) user_type: UserType,
    /// Whether a user type was given, or is the default.
    pub(crate) rest: Object,
}

impl User {
    /// The user as a client sees it: an `externalId` is one client's name for a user, and no other client has it
    /// (RFC 7643 section 3.1).
    pub(crate) fn seen_by(mut self, client: Option<&str>) -> Self {
        if client.is_some_and(|client| client != self.connection) {
            self.attributes.external_id = None;
        }
        self
    }

    /// Settles whose `externalId` a user has after the write of a client that saw it as [`User::seen_by`] says. One
    /// that another client gave stays, and the user goes on to be that client's; who has none gets the writer's, and
    /// is the writer's from then on. Gives whether the writer's own was left out.
    pub(crate) fn settle_external_id(&mut self, client: Option<&str>, before: &Self) -> bool {
        let Some(client) = client.filter(|client| *client != before.connection) else { return false };
        match &before.attributes.external_id {
            Some(theirs) if !before.connection.is_empty() || self.attributes.external_id.is_none() => {
                let left_out = self.attributes.external_id.replace(theirs.clone()).is_some();
                self.connection.clone_from(&before.connection);
                left_out
            }
            _ => {
                if self.attributes.external_id.is_some() {
                    client.clone_into(&mut self.connection);
                }
                false
            }
        }
    }

    /// The canonical resource, with the groups.
    pub(crate) fn to_resource(&self) -> Object {
        let mut resource = self.attributes.to_resource();
        if !self.groups.is_empty() {
            resource.insert("groups".to_owned(), Value::Array(self.groups.clone()));
        }
        resource
    }

    /// About how many bytes the resource takes.
    pub(crate) fn size(&self) -> usize {
        let groups = self.groups.iter().filter_map(Value::as_object).map(page_size::size);
        page_size::size(&self.attributes.rest) + groups.sum::<usize>()
    }

    /// The resource as clients see it and as filters judge it; addresses begin with `base`.
    pub(crate) fn rendered(&self, base: &str) -> Object {
        let id = self.id.to_string();
        scim::render(
            self.to_resource(),
            &scim::Envelope {
                id: &id,
                version: self.version,
                created: &self.created_at.to_string(),
                last_modified: &self.updated_at.to_string(),
                location: &format!("{base}/Users/{id}"),
            },
        )
    }
}

/// The API app that an actor is; none who administers.
pub(crate) fn client(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Scim { app, .. } => Some(app.to_string()),
        Actor::Admin(_) | Actor::Service(_) | Actor::Operator(_) => None,
    }
}

/// The connection of what an actor provisions.
pub(crate) fn connection(actor: &Actor) -> String {
    client(actor).unwrap_or_default()
}

impl Attributes {
    /// Splits a canonical resource into what has a column and the rest.
    pub(crate) fn from_resource(mut resource: Object) -> Self {
        let user_name = scim::user_name(&resource).unwrap_or_default().to_owned();
        let external_id = scim::external_id(&resource).map(str::to_owned);
        let active = scim::active(&resource);
        let user_type = scim::user_type(&resource);
        for name in ["userName", "externalId", "active", USHER_USER] {
            resource.shift_remove(name);
        }
        Self { user_name, external_id, active, user_type, rest: resource }
    }

    /// The whole canonical resource.
    pub(crate) fn to_resource(&self) -> Object {
        let mut resource = Object::with_capacity(self.rest.len() + 4);
        resource.insert("userName".to_owned(), self.user_name.as_str().into());
        if let Some(external_id) = &self.external_id {
            resource.insert("externalId".to_owned(), external_id.as_str().into());
        }
        resource.insert("active".to_owned(), Value::Bool(self.active));
        resource.extend(self.rest.iter().map(|(name, value)| (name.clone(), value.clone())));
        resource.insert(USHER_USER.to_owned(), json!({ "userType": self.user_type.as_str() }));
        resource
    }

    /// The user type of the seat that is taken, if one is.
    pub(crate) fn seat(&self) -> Option<UserType> {
        self.active.then_some(self.user_type)
    }
}
