//! The provisioning job: scope, matching, creation, update, deactivation, deletion, references.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::attribute::Target;
use super::client::EntraClient;
use super::dialect::{Dialect, patch};
use super::directory::Directory;
use super::groups::GroupLink;
use super::mapping::{Attributes, attributes, creation, difference};
use super::person::{Kind, Person, Standing};
use crate::scim::{Answer, encode};

/// The options of the job.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// The number of concurrent requests.
    pub concurrency: usize,
    /// The dialects. With two, people alternate between them.
    pub dialects: Vec<Dialect>,
    /// A domain whose people the workspace refuses.
    pub outside: Option<String>,
}

/// A person that the job has found or created in the target.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) id: String,
    /// What the target contains, as far as the job knows.
    pub(super) has: Attributes,
    etag: String,
}

/// The job, and what it remembers about the target.
#[derive(Debug)]
pub struct Job {
    pub(super) client: EntraClient,
    options: JobOptions,
    pub(super) links: BTreeMap<usize, Link>,
    pub(super) groups: BTreeMap<usize, GroupLink>,
    /// The ids that this job deleted.
    pub(super) deleted: BTreeSet<String>,
    cycles: usize,
}

/// The outcome of one person in a cycle.
enum Outcome {
    Linked(Link),
    Deleted,
    /// Retried in the next cycle.
    Left,
}

impl Job {
    /// Creates a job that has not run yet.
    pub fn new(client: EntraClient, options: JobOptions) -> Self {
        Self {
            client,
            options,
            links: BTreeMap::new(),
            groups: BTreeMap::new(),
            deleted: BTreeSet::new(),
            cycles: 0,
        }
    }

    /// The number of people that the job has provisioned and not deleted.
    pub fn linked(&self) -> usize {
        self.links.len()
    }

    /// *Test connection*: a filter that matches nobody returns 200 and an empty list.
    pub async fn test_connection(&self) -> bool {
        let path = format!("/Users?filter=userName+eq+%22{}%22", Uuid::new_v4());
        let Some(reply) = self.client.call("test", Method::GET, &path, None).await else { return false };
        let found = self.client.expect_list(&reply.answer);
        self.client.report().check(found == Some(&[]), || {
            format!("{}: not 200 and empty: {}", reply.answer.request, reply.answer.text)
        })
    }

    /// Runs a cycle: the first one includes everybody in scope, later ones only changes.
    pub async fn cycle(&mut self, directory: &Directory) {
        self.cycles += 1;
        let outcomes = self.objects(directory).await;
        self.remember(outcomes);
        // Managers are set after everybody has been created.
        let outcomes = self.managers(directory).await;
        self.remember(outcomes);
        self.groups(directory).await;
    }

    async fn objects(&self, directory: &Directory) -> Vec<(usize, Outcome)> {
        let everybody = directory.people().iter().enumerate();
        let work: Vec<_> = everybody.filter(|(index, person)| self.concerns(*index, person)).collect();
        stream::iter(work)
            .map(async |(index, person)| (index, self.object(index, person).await))
            .buffer_unordered(self.options.concurrency)
            .collect()
            .await
    }

    async fn managers(&self, directory: &Directory) -> Vec<(usize, Outcome)> {
        stream::iter(self.references(directory))
            .map(async |(index, manager)| (index, self.reference(index, &manager).await))
            .buffer_unordered(self.options.concurrency)
            .collect()
            .await
    }

    fn remember(&mut self, outcomes: Vec<(usize, Outcome)>) {
        for (index, outcome) in outcomes {
            match outcome {
                Outcome::Linked(link) => drop(self.links.insert(index, link)),
                Outcome::Deleted => {
                    if let Some(link) = self.links.remove(&index) {
                        self.leave_groups(&link.id);
                        self.deleted.insert(link.id);
                    }
                }
                Outcome::Left => {}
            }
        }
    }

    fn concerns(&self, index: usize, person: &Person) -> bool {
        match self.links.get(&index) {
            None => person.in_scope(),
            Some(_) if person.standing == Standing::Purged => true,
            Some(link) => !difference(&link.has, &wanted(person)).is_empty(),
        }
    }

    pub(super) fn concurrency(&self) -> usize {
        self.options.concurrency
    }

    pub(super) fn dialect(&self, index: usize) -> Dialect {
        self.options.dialects[(index + self.cycles) % self.options.dialects.len()]
    }

    async fn object(&self, index: usize, person: &Person) -> Outcome {
        match self.links.get(&index) {
            None => self.enter(index, person).await,
            Some(link) if person.standing == Standing::Purged => self.delete(link).await,
            Some(link) => self.update(index, link, &wanted(person)).await,
        }
        .unwrap_or(Outcome::Left)
    }

    /// Looks the person up by the matching attributes in their order; links or creates.
    async fn enter(&self, index: usize, person: &Person) -> Option<Outcome> {
        let wants = attributes(person);
        for filter in [
            format!("userName eq \"{}\"", person.user_principal_name),
            format!("externalId eq \"{}\"", person.object_id),
        ] {
            if let Some(link) = self.find(&filter).await? {
                return self.update(index, &link, &wants).await;
            }
        }
        self.create(person, wants).await
    }

    async fn find(&self, filter: &str) -> Option<Option<Link>> {
        let path = format!("/Users?filter={}", encode(filter));
        let reply = self.client.call("find", Method::GET, &path, None).await?;
        match self.client.expect_list(&reply.answer)? {
            [] => Some(None),
            [one] => Some(Some(Link::read(one))),
            more => {
                self.client.report().check(false, || format!("{filter} finds {}", more.len()));
                None
            }
        }
    }

    async fn create(&self, person: &Person, wants: Attributes) -> Option<Outcome> {
        let body = creation(&wants);
        let reply = self.client.call("create", Method::POST, "/Users", Some(&body)).await?;
        let answer = &reply.answer;
        match (answer.status.as_u16(), person.kind, &self.options.outside) {
            (_, Kind::Outsider, Some(outside)) => {
                if self.client.expect_error(answer, 403, outside) {
                    self.client.report().refused("domain not approved");
                }
                None
            }
            // An earlier attempt took effect and its answer was lost; the next lookup finds the user.
            (409, _, _) if reply.repeated => {
                let filter = format!("userName eq \"{}\"", person.user_principal_name);
                let link = self.find(&filter).await?;
                self.client.report().check(link.is_some(), || format!("{filter} finds nobody after 409"));
                Some(Outcome::Linked(link?))
            }
            _ => {
                let right =
                    self.client.expect_user(answer, 201, &wants)
                        && self.client.report().check(
                            answer.header("location") == answer.body["meta"]["location"].as_str(),
                            || format!("{}: Location is not meta.location", answer.request),
                        );
                right.then(|| Outcome::Linked(Link::from_answer(answer, wants)))
            }
        }
    }

    /// Reads the target, then writes the differences.
    async fn update(&self, index: usize, link: &Link, wants: &Attributes) -> Option<Outcome> {
        let path = format!("/Users/{}", link.id);
        let reply = self.client.call("read", Method::GET, &path, None).await?;
        if !self.client.expect_user(&reply.answer, 200, &link.has) {
            return None;
        }
        let changes = difference(&link.has, wants);
        if changes.is_empty() {
            return Some(Outcome::Linked(link.clone()));
        }
        let operation = match changes.get(&Target::ACTIVE).and_then(Value::as_bool) {
            Some(false) => "deactivate",
            Some(true) => "reactivate",
            None => "update",
        };
        self.write(operation, self.dialect(index), link, &changes).await
    }

    async fn write(
        &self,
        operation: &'static str,
        dialect: Dialect,
        link: &Link,
        changes: &Attributes,
    ) -> Option<Outcome> {
        let path = format!("/Users/{}", link.id);
        let body = patch(dialect, &link.has, changes);
        let reply = self.client.call(operation, Method::PATCH, &path, Some(&body)).await?;
        let mut has = link.has.clone();
        has.extend(changes.clone());
        let right = self.client.expect_user(&reply.answer, 200, &has)
            && self.client.report().check(reply.answer.header("etag") != Some(&link.etag), || {
                format!("{}: a change left the version at {}", reply.answer.request, link.etag)
            });
        right.then(|| Outcome::Linked(Link::from_answer(&reply.answer, has)))
    }

    /// Deletes a person, and checks that it is gone.
    async fn delete(&self, link: &Link) -> Option<Outcome> {
        let path = format!("/Users/{}", link.id);
        let reply = self.client.call("delete", Method::DELETE, &path, None).await?;
        let done_before = reply.repeated && reply.answer.status.as_u16() == 404;
        if !done_before && !self.client.expect(&reply.answer, 204) {
            return None;
        }
        let gone = self.client.call("read", Method::GET, &path, None).await?;
        self.client.expect_error(&gone.answer, 404, "");
        let found = self.find(&format!("id eq \"{}\"", link.id)).await?;
        self.client.report().check(found.is_none(), || format!("{} is found after its deletion", link.id));
        Some(Outcome::Deleted)
    }

    /// The people whose manager in the target is outdated, if the manager is in the target.
    fn references(&self, directory: &Directory) -> Vec<(usize, String)> {
        let mut references = Vec::new();
        for (index, link) in &self.links {
            let person = directory.person(*index);
            let manager = person.manager.and_then(|manager| self.links.get(&manager));
            if let Some(manager) = manager.filter(|_| person.in_scope())
                && link.has.get(&Target::MANAGER) != Some(&json!(manager.id))
            {
                references.push((*index, manager.id.clone()));
            }
        }
        references
    }

    /// Looks for the reference, then sets it.
    async fn reference(&self, index: usize, manager: &str) -> Outcome {
        let Some(link) = self.links.get(&index) else { return Outcome::Left };
        let filter = encode(&format!("id eq \"{}\" and manager eq \"{manager}\"", link.id));
        let path = format!("/Users?filter={filter}&attributes=id");
        let Some(reply) = self.client.call("reference", Method::GET, &path, None).await else {
            return Outcome::Left;
        };
        let found = self.client.expect_list(&reply.answer);
        self.client.report().check(found == Some(&[]), || {
            format!("{}: a reference that is not there: {}", reply.answer.request, reply.answer.text)
        });
        let changes = [(Target::MANAGER, json!(manager))].into();
        self.write("manager", self.dialect(index), link, &changes).await.unwrap_or(Outcome::Left)
    }
}

/// What the target must contain. For somebody out of scope only `active: false` is sent; a disabled person who is
/// still assigned continues to be synchronised.
fn wanted(person: &Person) -> Attributes {
    match person.standing {
        Standing::InScope | Standing::Disabled => attributes(person),
        Standing::Unassigned | Standing::SoftDeleted(_) | Standing::Purged => {
            [(Target::ACTIVE, json!(false))].into()
        }
    }
}

impl Link {
    fn from_answer(answer: &Answer, has: Attributes) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self { id: text(&answer.body["id"]), etag: text(&answer.body["meta"]["version"]), has }
    }

    /// Reads a resource of the target, with the attributes of the mapping that it has.
    fn read(resource: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let has = super::mapping::TARGETS
            .iter()
            .filter_map(|target| Some((*target, target.read(resource)?.clone())))
            .collect();
        Self { id: text(&resource["id"]), etag: text(&resource["meta"]["version"]), has }
    }
}
