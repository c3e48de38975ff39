//! A user as stored, and as SCIM clients see it.

use jiff::Timestamp;
use serde_json::{Value, json};
use usher_base::CallContext;
use usher_base::id::{PersonKey, UserId};
use usher_scim::schema::USHER_USER;
use usher_scim::user::UserType;
use usher_scim::{Object, user as scim};

use crate::change::{Cause, ChangeKind};
use crate::connection::{ExternalIdChange, OwnedExternalId, sees};
use crate::page_size;

/// A user. `userName`, `externalId` and `active` are stored only in fields here. The seat's user type is a field too;
/// what the client sent as its user type is in `rest`.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) attributes: Attributes,
    pub(crate) provenance: Object,
    /// The app that provisioned the user; empty if there is none.
    pub(crate) connection: String,
    /// The groups as SCIM clients see them, but without their URLs. Empty also if they were not requested.
    pub(crate) groups: Vec<Value>,
    pub(crate) version: i64,
    /// Whether this write gave a free seat instead of a paid one. Not stored.
    pub(crate) degraded: bool,
    pub(crate) person: PersonKey,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// The attributes that a client sets.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) user_name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) active: bool,
    pub(crate) user_type: UserType,
    /// Everything else as the client sent it, including the client's user type and that of Usher's extension.
    pub(crate) rest: Object,
}

impl User {
    /// The user as a client sees it. An `externalId` is one client's name for a user, and no other client sees it
    /// (RFC 7643 section 3.1).
    pub(crate) fn seen_by(mut self, client: Option<&str>) -> Self {
        if !sees(client, &self.connection) {
            self.attributes.external_id = None;
        }
        self
    }

    /// Decides the `externalId` after a write by a client that sees the user as [`User::seen_by`] says. Returns
    /// whether the writer's own value was left out.
    pub(crate) fn resolve_external_id(&mut self, client: Option<&str>, before: &Self) -> bool {
        let given = OwnedExternalId {
            external_id: before.attributes.external_id.as_deref(),
            connection: &before.connection,
        };
        match given.resolve(client, self.attributes.external_id.as_deref()) {
            ExternalIdChange::Written => false,
            ExternalIdChange::Adopted => {
                client.unwrap_or_default().clone_into(&mut self.connection);
                false
            }
            ExternalIdChange::Kept { left_out } => {
                self.attributes.external_id.clone_from(&before.attributes.external_id);
                self.connection.clone_from(&before.connection);
                left_out
            }
        }
    }

    /// The resource with the groups, and with the seat's user type.
    pub(crate) fn to_resource(&self) -> Object {
        let mut resource = self.attributes.to_resource();
        let user_type = json!({ "userType": self.attributes.user_type.as_str() });
        resource.insert(USHER_USER.to_owned(), user_type);
        if !self.groups.is_empty() {
            resource.insert("groups".to_owned(), Value::Array(self.groups.clone()));
        }
        resource
    }

    /// The approximate size of the resource, in bytes.
    pub(crate) fn size(&self) -> usize {
        let groups = self.groups.iter().filter_map(Value::as_object).map(page_size::size);
        page_size::size(&self.attributes.rest) + groups.sum::<usize>()
    }

    /// The resource as clients see it and as filters are evaluated on it. URLs begin with `base`.
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

    /// Gives a free seat, as the policy says, because no paid one is free.
    pub(crate) fn degrade(&mut self, ctx: &CallContext) {
        tracing::warn!(
            user = %self.id, wanted = self.attributes.user_type.as_str(), request_id = ctx.request_id(),
            "no paid seat is free, so the user becomes a Collaborator"
        );
        metrics::counter!("usher_seats_degraded_total").increment(1);
        self.attributes.degrade();
        self.degraded = true;
    }

    /// Keeps the old name of a user who is deactivated if another user has the new one. The deactivation is what
    /// matters, and the answer shows the name.
    pub(crate) fn keep_name(&mut self, ctx: &CallContext, current: &Self, paths: &mut Vec<String>) {
        tracing::warn!(
            user = %self.id, request_id = ctx.request_id(),
            "the deactivated user keeps its userName, because another user has the new one"
        );
        self.attributes.user_name.clone_from(&current.attributes.user_name);
        paths.retain(|path| path != "userName");
        match current.provenance.get("userName") {
            Some(source) => drop(self.provenance.insert("userName".to_owned(), source.clone())),
            None => drop(self.provenance.shift_remove("userName")),
        }
    }
}

impl Attributes {
    /// The attributes of a new user.
    pub(crate) fn from_resource(resource: Object) -> Self {
        let user_type = scim::stated_user_type(&resource).unwrap_or_default();
        Self::new(resource, user_type)
    }

    /// The attributes after a write. The seat's user type changes only if the write changes its source. So a degraded
    /// seat stays, and so does a seat from before the client's `userType` was stored.
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

    /// Splits a canonical resource into the fields and the rest.
    fn new(mut resource: Object, user_type: UserType) -> Self {
        let user_name = scim::user_name(&resource).unwrap_or_default().to_owned();
        let external_id = scim::external_id(&resource).map(str::to_owned);
        let active = scim::active(&resource);
        for name in ["userName", "externalId", "active"] {
            resource.shift_remove(name);
        }
        Self { user_name, external_id, active, user_type, rest: resource }
    }

    /// The complete canonical resource.
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

    /// The kind of a write in the change log, and its cause for billing.
    pub(crate) fn change_to(&self, after: &Self) -> (ChangeKind, Cause) {
        match (self.active, after.active) {
            (true, false) => (ChangeKind::Deactivated, Cause::Deactivate),
            (false, true) => (ChangeKind::Reactivated, Cause::Reactivate),
            _ => (ChangeKind::Updated, Cause::UserType),
        }
    }

    /// Uses a free seat because no paid one is free. The requested user type is not stored, so that requesting it
    /// again is a change.
    pub(crate) fn degrade(&mut self) {
        self.user_type = UserType::Collaborator;
        self.rest.shift_remove(USHER_USER);
    }

    /// The user type of the seat; `None` if no seat is used.
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
    fn the_extension_decides_the_seat_then_the_client_s_user_type_if_it_is_a_class_otherwise_it_is_regular() {
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
            // From an earlier version, or degraded: nothing says how the user type was chosen.
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
