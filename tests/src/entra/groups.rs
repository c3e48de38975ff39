//! The job's work on groups: it finds or creates them without members, then adds and removes members.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};

use super::dialect::patch_members;
use super::directory::Directory;
use super::job::Job;
use super::team::Team;
use crate::scim::{PATCH_SCHEMA, encode};

/// The number of members per PATCH.
const BATCH: usize = 20;
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// A schema that Entra sends, and that is not part of SCIM.
const FOREIGN: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// A group that the job has found or created in the target.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupLink {
    id: String,
    name: String,
    /// Ids of users.
    members: BTreeSet<String>,
}

impl Job {
    /// The groups' part of a cycle, after the users' part.
    pub(super) async fn groups(&mut self, directory: &Directory) {
        let teams = directory.teams().iter().enumerate();
        let work: Vec<_> =
            teams.filter(|(index, team)| !team.gone || self.groups.contains_key(index)).collect();
        let outcomes: Vec<_> = stream::iter(work)
            .map(async |(index, team)| (index, self.group(index, team).await))
            .buffer_unordered(self.concurrency())
            .collect()
            .await;
        for (index, outcome) in outcomes {
            match outcome {
                Some(Some(link)) => drop(self.groups.insert(index, link)),
                Some(None) => drop(self.groups.remove(&index)),
                None => {}
            }
        }
    }

    /// A deleted user is removed from all groups; an inactive one is not.
    pub(super) fn leave_groups(&mut self, user: &str) {
        for link in self.groups.values_mut() {
            link.members.remove(user);
        }
    }

    /// Updates one group. `Some(None)` if it was deleted, `None` if the update failed.
    async fn group(&self, index: usize, team: &Team) -> Option<Option<GroupLink>> {
        let mut link = match self.groups.get(&index) {
            Some(link) if team.gone => return self.delete_group(link).await.then_some(None),
            Some(link) => link.clone(),
            None => self.enter_group(team).await?,
        };
        if link.name != team.name {
            let operation = json!({ "op": "Replace", "path": "displayName", "value": team.name });
            self.patch_group(&link.id, json!([operation])).await?;
            link.name.clone_from(&team.name);
        }
        let wanted: BTreeSet<String> =
            team.members.iter().filter_map(|member| Some(self.links.get(member)?.id.clone())).collect();
        // The memberships of restored people are not sent again, and people who are out of scope stay members.
        let joins: Vec<_> = wanted.difference(&link.members).cloned().collect();
        let leaves: Vec<_> = link.members.difference(&wanted).cloned().collect();
        let dialect = self.dialect(index);
        for (adds, people) in [(true, joins), (false, leaves)] {
            for batch in people.chunks(BATCH) {
                self.patch_group(&link.id, json!(patch_members(dialect, adds, batch))).await?;
            }
        }
        link.members = wanted;
        Some(Some(link))
    }

    /// Finds the group by its name, or creates it without members.
    async fn enter_group(&self, team: &Team) -> Option<GroupLink> {
        let filter = encode(&format!("displayName eq \"{}\"", team.name.replace('"', "\\\"")));
        let path = format!("/Groups?excludedAttributes=members&filter={filter}");
        let reply = self.client.call("find group", Method::GET, &path, None).await?;
        let found = self.client.expect_list(&reply.answer)?;
        self.client.report().check(found.len() <= 1, || format!("{path} finds {}", found.len()));
        if let Some(group) = found.first() {
            return self.read_group(group["id"].as_str()?, &team.name).await;
        }
        let body = json!({
            "schemas": [CORE, FOREIGN],
            "externalId": team.object_id.to_string(),
            "displayName": team.name,
            "meta": { "resourceType": "Group" },
        });
        let reply = self.client.call("create group", Method::POST, "/Groups", Some(&body)).await?;
        if reply.answer.status == 409 && reply.repeated {
            // An earlier attempt took effect; the next cycle finds the group.
            return None;
        }
        let id = reply.answer.body["id"].as_str().unwrap_or_default().to_owned();
        let right = self.client.expect(&reply.answer, 201)
            && self
                .client
                .report()
                .check(!id.is_empty() && reply.answer.body["displayName"] == json!(team.name), || {
                    format!("{}: not the group: {}", reply.answer.request, reply.answer.text)
                });
        right.then(|| GroupLink { id, name: team.name.clone(), members: BTreeSet::new() })
    }

    async fn read_group(&self, id: &str, name: &str) -> Option<GroupLink> {
        let path = format!("/Groups/{id}");
        let reply = self.client.call("read group", Method::GET, &path, None).await?;
        self.client.expect(&reply.answer, 200).then(|| GroupLink {
            id: id.to_owned(),
            name: name.to_owned(),
            members: members(&reply.answer.body),
        })
    }

    async fn patch_group(&self, id: &str, operations: Value) -> Option<()> {
        let path = format!("/Groups/{id}");
        let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": operations });
        let reply = self.client.call("update group", Method::PATCH, &path, Some(&body)).await?;
        let read = format!("{path}?excludedAttributes=members");
        let right = self.client.expect(&reply.answer, 204);
        let reply = self.client.call("read group", Method::GET, &read, None).await?;
        let bare = self.client.expect(&reply.answer, 200)
            && self.client.report().check(reply.answer.body.get("members").is_none(), || {
                format!("{}: members that were excluded", reply.answer.request)
            });
        (right && bare).then_some(())
    }

    async fn delete_group(&self, link: &GroupLink) -> bool {
        let path = format!("/Groups/{}", link.id);
        let Some(reply) = self.client.call("delete group", Method::DELETE, &path, None).await else {
            return false;
        };
        let done_before = reply.repeated && reply.answer.status == 404;
        if !done_before && !self.client.expect(&reply.answer, 204) {
            return false;
        }
        let Some(gone) = self.client.call("read group", Method::GET, &path, None).await else { return false };
        self.client.expect_error(&gone.answer, 404, "")
    }

    /// Compares every group with the model, member by member.
    pub(super) async fn verify_groups(&self) {
        for link in self.groups.values() {
            let path = format!("/Groups/{}", link.id);
            let Some(reply) = self.client.call("read group", Method::GET, &path, None).await else {
                continue;
            };
            let body = &reply.answer.body;
            if self.client.expect(&reply.answer, 200) {
                self.client.report().check(body["displayName"] == json!(link.name), || {
                    format!("{path}: {} is not {:?}", body["displayName"], link.name)
                });
                let found = members(body);
                self.client.report().check(found == link.members, || {
                    let missing: Vec<_> = link.members.difference(&found).collect();
                    let extra: Vec<_> = found.difference(&link.members).collect();
                    format!("{path}: members missing {missing:?}, too many {extra:?}")
                });
            }
        }
    }
}

fn members(group: &Value) -> BTreeSet<String> {
    let members = group["members"].as_array().into_iter().flatten();
    members.filter_map(|member| Some(member["value"].as_str()?.to_owned())).collect()
}
