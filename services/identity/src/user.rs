//! A user as stored, and as SCIM sees it.

use jiff::Timestamp;
use serde_json::{Value, json};
use usher_base::id::{PersonKey, UserId};
use usher_scim::schema::USHER_USER;
use usher_scim::user::UserType;
use usher_scim::{Object, user as scim};

use crate::connection::{Given, Settled, sees};
use crate::page_size;

/// A user. `userName`, `externalId` and `active` are fields here and nowhere else; the user type of the seat
/// is a field, and what the client said of it is in the rest.
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
    /// Whether the write at hand gave a free seat in the place of a paid one; not stored.
    pub(crate) degraded: bool,
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
    /// Everything else as the client sent it; of user types both its own and that of Usher's extension,
    /// where these were sent.
    pub(crate) rest: Object,
}

impl User {
    /// The user as a client sees it: an `externalId` is one client's name for a user, and no other client has it
    /// (RFC 7643 section 3.1).
    pub(crate) fn seen_by(mut self, client: Option<&str>) -> Self {
        if !sees(client, &self.connection) {
            self.attributes.external_id = None;
        }
        self
    }

    /// Settles whose `externalId` a user has after the write of a client that saw it as [`User::seen_by`] says. Gives
    /// whether the writer's own was left out.
    pub(crate) fn settle_external_id(&mut self, client: Option<&str>, before: &Self) -> bool {
        let given =
            Given { external_id: before.attributes.external_id.as_deref(), connection: &before.connection };
        match given.settle(client, self.attributes.external_id.as_deref()) {
            Settled::Written => false,
            Settled::Adopted => {
                client.unwrap_or_default().clone_into(&mut self.connection);
                false
            }
            Settled::Kept { left_out } => {
                self.attributes.external_id.clone_from(&before.attributes.external_id);
                self.connection.clone_from(&before.connection);
                left_out
            }
        }
    }

    /// The resource as it is shown: with the groups, and with the user type of the seat.
    pub(crate) fn to_resource(&self) -> Object {
        let mut resource = self.attributes.to_resource();
        let user_type = json!({ "userType": self.attributes.user_type.as_str() });
        resource.insert(USHER_USER.to_owned(), user_type);
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

impl Attributes {
    /// Those of a new user.
    pub(crate) fn from_resource(resource: Object) -> Self {
        let user_type = scim::stated_user_type(&resource).unwrap_or_default();
        Self::new(resource, user_type)
    }

    /// Those after a write. The user type of the seat changes only where the write changes what decides it, so
    /// that a free seat that was given in the place of a paid one stays, and one from before the client's own
    /// `userType` was kept.
    pub(crate) fn after(&self, resource: Object) -> Self {
        let of_seat = |resource: &Object| resource.get(USHER_USER)?.get("userType").cloned();
        let own = |resource: &Object| resource.get("userType").cloned();
        let (before, after) = (scim::stated_user_type(&self.rest), scim::stated_user_type(&resource));
        let user_type = if of_seat(&self.rest) != of_seat(&resource) {
            after.unwrap_or_default()
        } else if of_seat(&resource).is_some() || own(&self.rest) == own(&resource) {
            self.user_type
        } else {
            after.or_else(|| before.map(|_| UserType::default())).unwrap_or(self.user_type)
        };
        Self::new(resource, user_type)
    }

    /// Splits a canonical resource into what has a column and the rest.
    fn new(mut resource: Object, user_type: UserType) -> Self {
        let user_name = scim::user_name(&resource).unwrap_or_default().to_owned();
        let external_id = scim::external_id(&resource).map(str::to_owned);
        let active = scim::active(&resource);
        for name in ["userName", "externalId", "active"] {
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
        resource
    }

    /// Takes a free seat where no paid one is free. What the client wanted is not kept, so that asking for it
    /// again is a change.
    pub(crate) fn degrade(&mut self) {
        self.user_type = UserType::Collaborator;
        self.rest.shift_remove(USHER_USER);
    }

    /// The user type of the seat that is taken, if one is.
    pub(crate) fn seat(&self) -> Option<UserType> {
        self.active.then_some(self.user_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(own: Option<&str>, of_seat: Option<&str>) -> Object {
        let mut resource = Object::new();
        if let Some(own) = own {
            resource.insert("userType".to_owned(), own.into());
        }
        if let Some(of_seat) = of_seat {
            resource.insert(USHER_USER.to_owned(), json!({ "userType": of_seat }));
        }
        resource
    }

    #[test]
    fn the_extension_decides_the_seat_then_the_client_s_own_word_where_it_is_a_class_else_it_is_regular() {
        for (own, of_seat, class) in [
            (None, None, UserType::Regular),
            (Some("Employee"), None, UserType::Regular),
            (Some("external"), None, UserType::External),
            (Some("COLLABORATOR"), None, UserType::Collaborator),
            (Some("External"), Some("Regular"), UserType::Regular),
            (Some("Employee"), Some("Collaborator"), UserType::Collaborator),
        ] {
            assert_eq!(Attributes::from_resource(rest(own, of_seat)).user_type, class, "{own:?} {of_seat:?}");
        }
    }

    #[test]
    fn a_write_changes_the_seat_only_where_it_changes_what_decides_it() {
        use UserType::{Collaborator, External, Regular};
        let none = (None, None);
        for (before, class, after, then) in [
            // Of the version before, or degraded: nothing says what the seat is of.
            (none, External, none, External),
            (none, External, (Some("Employee"), None), External),
            (none, External, (Some("Collaborator"), None), Collaborator),
            (none, Collaborator, (None, Some("Regular")), Regular),
            ((Some("External"), None), External, (Some("Employee"), None), Regular),
            ((Some("External"), None), External, none, Regular),
            ((Some("Regular"), None), Collaborator, (Some("Regular"), Some("Regular")), Regular),
            ((None, Some("External")), External, (Some("Regular"), Some("External")), External),
            ((Some("Collaborator"), Some("External")), External, (Some("Collaborator"), None), Collaborator),
            ((None, Some("External")), External, none, Regular),
        ] {
            let before = Attributes::new(rest(before.0, before.1), class);
            assert_eq!(before.after(rest(after.0, after.1)).user_type, then, "{:?} {after:?}", before.rest);
        }
    }
}
