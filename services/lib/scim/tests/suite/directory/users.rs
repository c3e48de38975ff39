//! The users of the directory.

use serde_json::Value;
use usher_scim::user::{
    active, canonicalize, create, display_name, external_id, patch, render, replace, user_name,
};
use usher_scim::{Changed, Object, ScimError, patch as operations, schema, user_name_key};

use super::lists::{Query, list};
use super::{Directory, Kept, Outcome, Sent, not_found, nothing, reference, refused, shown, taken};

impl Directory {
    /// Creates a user. Only the services can decide whether it reactivates somebody instead.
    pub(super) fn create_user(&mut self, body: &Value, query: &Query) -> Outcome {
        let created = canonicalize(body, schema::user(), self.profile)
            .and_then(|incoming| create(incoming, self.profile));
        let resource = match created {
            Ok(created) => created.resource,
            Err(fault) => return Some(refused(&fault)),
        };
        let id = external_id(&resource);
        if let Some(same) = self.users.iter().find(|user| is_same(&user.resource, &resource)) {
            return active(&same.resource).then(|| taken("the user name"));
        }
        if id.is_some() && self.users.iter().any(|user| external_id(&user.resource) == id) {
            return None;
        }
        let user = Kept { id: self.new_id(), version: 1, resource };
        self.users.push(user.clone());
        Some(shown(201, self.user_document(&user), schema::user(), query))
    }

    pub(super) fn get_user(&self, id: &str, query: &Query) -> Sent {
        match self.user(id) {
            Some(user) => shown(200, self.user_document(user), schema::user(), query),
            None => not_found(id),
        }
    }

    pub(super) fn list_users(&self, query: &Query) -> Sent {
        list(self.users.iter().map(|user| self.user_document(user)), schema::user(), self.profile, query)
    }

    pub(super) fn replace_user(&mut self, id: &str, body: &Value, query: &Query) -> Sent {
        let profile = self.profile;
        self.write_user(id, query, |current| {
            replace(current, canonicalize(body, schema::user(), profile)?, profile)
        })
    }

    pub(super) fn patch_user(&mut self, id: &str, body: &Value, query: &Query) -> Sent {
        let profile = self.profile;
        self.write_user(id, query, |current| {
            patch(current, &operations::parse(body, profile)?, schema::user(), profile)
        })
    }

    fn write_user(
        &mut self,
        id: &str,
        query: &Query,
        write: impl FnOnce(&Object) -> Result<Changed, ScimError>,
    ) -> Sent {
        let Some(at) = self.users.iter().position(|user| user.id == id) else { return not_found(id) };
        let changed = match write(&self.users[at].resource) {
            Ok(changed) => changed,
            Err(fault) => return refused(&fault),
        };
        if self.users.iter().any(|user| user.id != id && is_same(&user.resource, &changed.resource)) {
            return taken("the user name");
        }
        self.users[at].store(changed.resource, !changed.changes.is_empty());
        shown(200, self.user_document(&self.users[at]), schema::user(), query)
    }

    pub(super) fn delete_user(&mut self, id: &str) -> Sent {
        let Some(at) = self.users.iter().position(|user| user.id == id) else { return not_found(id) };
        self.users.remove(at);
        self.leave_groups(id);
        nothing()
    }

    fn user_document(&self, user: &Kept) -> Object {
        let mut resource = user.resource.clone();
        let groups: Vec<Value> = self
            .groups_of(&user.id)
            .map(|group| reference(&group.kept.id, display_name(&group.kept.resource), "direct"))
            .collect();
        if !groups.is_empty() {
            resource.insert("groups".to_owned(), groups.into());
        }
        user.document("/Users", resource, render)
    }
}

fn is_same(one: &Object, other: &Object) -> bool {
    user_name(one).map(user_name_key) == user_name(other).map(user_name_key)
}
