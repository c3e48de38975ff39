//! The groups of the directory.

use std::collections::BTreeMap;

use serde_json::Value;
use usher_scim::eval::matches_element;
use usher_scim::filter::{Filter, bind_element};
use usher_scim::group::{
    Delta, GroupChange, Step, canonicalize, create, display_name, patch, render, replace,
};
use usher_scim::{Object, Profile, ScimError, ScimType, fold, patch as operations, schema, user};

use super::lists::{Query, list};
use super::{Directory, Kept, Outcome, Sent, error, not_found, nothing, reference, refused, shown, taken};

#[derive(Clone)]
pub(super) struct Group {
    pub(super) kept: Kept,
    /// The members by id, with their `display`.
    members: BTreeMap<String, Option<String>>,
}

/// A write of a group: takes its current attributes and the profile of the client.
type Write<'a> = &'a dyn Fn(&Object, Profile) -> Result<GroupChange, ScimError>;

/// Why a group was not written: the answer, or `None` if only a service can decide.
type Refused = Option<Box<Sent>>;

impl Directory {
    pub(super) fn create_group(&mut self, body: &Value, query: &Query) -> Outcome {
        let kept = Kept { id: self.new_id(), version: 0, resource: Object::new() };
        let mut group = Group { kept, members: BTreeMap::new() };
        let write = |_: &Object, profile| create(canonicalize(body.clone(), profile)?);
        if let Err(refused) = self.write_group(&mut group, &write) {
            return refused.map(|sent| *sent);
        }
        let sent = shown(201, self.group_document(&group), schema::group(), query);
        self.groups.push(group);
        Some(sent)
    }

    pub(super) fn get_group(&self, id: &str, query: &Query) -> Sent {
        match self.groups.iter().find(|group| group.kept.id == id) {
            Some(group) => shown(200, self.group_document(group), schema::group(), query),
            None => not_found(id),
        }
    }

    pub(super) fn list_groups(&self, query: &Query) -> Sent {
        list(self.groups.iter().map(|group| self.group_document(group)), schema::group(), self.profile, query)
    }

    pub(super) fn replace_group(&mut self, id: &str, body: &Value, query: &Query) -> Outcome {
        let write =
            |current: &Object, profile| replace(current, canonicalize(body.clone(), profile)?, profile);
        match self.rewrite_group(id, &write) {
            Ok(group) => Some(shown(200, self.group_document(&group), schema::group(), query)),
            Err(refused) => refused.map(|sent| *sent),
        }
    }

    /// Answers a PATCH of a group: with 204, unless the client says which attributes it wants.
    pub(super) fn patch_group(&mut self, id: &str, body: &Value, query: &Query) -> Outcome {
        let write = |current: &Object, profile| patch(current, &operations::parse(body, profile)?, profile);
        let bare = query.get("attributes").is_none() && query.get("excludedAttributes").is_none();
        match self.rewrite_group(id, &write) {
            Ok(_) if bare => Some(nothing()),
            Ok(group) => Some(shown(200, self.group_document(&group), schema::group(), query)),
            Err(refused) => refused.map(|sent| *sent),
        }
    }

    pub(super) fn delete_group(&mut self, id: &str) -> Sent {
        let Some(at) = self.groups.iter().position(|group| group.kept.id == id) else { return not_found(id) };
        self.groups.remove(at);
        self.leave_groups(id);
        nothing()
    }

    fn rewrite_group(&mut self, id: &str, write: Write<'_>) -> Result<Group, Refused> {
        let Some(at) = self.groups.iter().position(|group| group.kept.id == id) else {
            return Err(Some(Box::new(not_found(id))));
        };
        let mut group = self.groups[at].clone();
        self.write_group(&mut group, write)?;
        self.groups[at] = group.clone();
        Ok(group)
    }

    fn write_group(&self, group: &mut Group, write: Write<'_>) -> Result<(), Refused> {
        let change =
            write(&group.kept.resource, self.profile).map_err(|fault| Some(Box::new(refused(&fault))))?;
        let name = |resource: &Object| display_name(resource).map(fold);
        let other = |known: &&Group| known.kept.id != group.kept.id;
        if self
            .groups
            .iter()
            .filter(other)
            .any(|known| name(&known.kept.resource) == name(&change.changed.resource))
        {
            return Err(Some(Box::new(taken("the group's name"))));
        }
        let before = group.members.clone();
        for step in change.members {
            let delta = match step {
                Step::Delta(delta) => delta,
                Step::RemoveWhere(filter) => self.selected(group, &filter),
            };
            self.apply(group, delta)?;
        }
        let changed = !change.changed.changes.is_empty() || before != group.members;
        group.kept.store(change.changed.resource, changed);
        Ok(())
    }

    /// Only a service can refuse circles of groups.
    fn apply(&self, group: &mut Group, delta: Delta) -> Result<(), Refused> {
        if delta.clear {
            group.members.clear();
        }
        let is_group = |id: &str| self.groups.iter().any(|known| known.kept.id == *id);
        for (id, display) in delta.add {
            if is_group(&id) && self.groups_of(&group.kept.id).next().is_some() {
                return Err(None);
            }
            if self.user(&id).is_none() && !is_group(&id) {
                let refusal = error(400, Some(ScimType::InvalidValue), &format!("{id} is nobody"));
                return Err(Some(Box::new(refusal)));
            }
            group.members.entry(id).or_insert(display);
        }
        group.members.retain(|id, _| !delta.remove.contains(id));
        Ok(())
    }

    fn selected(&self, group: &Group, filter: &Filter) -> Delta {
        let members = schema::group().schema.attribute("members").unwrap();
        let bound = bind_element(filter, members).unwrap();
        let document = self.group_document(group);
        let selected = document["members"].as_array().into_iter().flatten().filter_map(Value::as_object);
        let selected = selected.filter(|member| matches_element(&bound, member));
        Delta {
            remove: selected.map(|member| member["value"].as_str().unwrap().to_owned()).collect(),
            ..Delta::default()
        }
    }

    pub(super) fn groups_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Group> {
        self.groups.iter().filter(move |group| group.members.contains_key(id))
    }

    pub(super) fn leave_groups(&mut self, id: &str) {
        for group in &mut self.groups {
            group.members.remove(id);
        }
    }

    fn group_document(&self, group: &Group) -> Object {
        let mut resource = group.kept.resource.clone();
        let members: Vec<Value> = group
            .members
            .iter()
            .map(|(id, display)| {
                let (own, kind) = match self.user(id) {
                    Some(user) => (user::display_name(&user.resource), "User"),
                    None => (None, "Group"),
                };
                reference(id, display.as_deref().or(own), kind)
            })
            .collect();
        if !members.is_empty() {
            resource.insert("members".to_owned(), members.into());
        }
        group.kept.document("/Groups", resource, render)
    }
}
