//! Compares the whole workspace with the model: nobody is missing, duplicate or unexpected, and everybody is as last
//! written.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;

use super::attribute::{Target, USHER};
use super::job::Job;

const PAGE: usize = 100;

/// The number of active people per seat class, counted individually.
pub type Census = BTreeMap<String, u64>;

impl Job {
    /// The number of active people per seat class in the model.
    pub fn expected_census(&self) -> Census {
        let mut census = Census::new();
        for link in self.links.values() {
            if link.has.get(&Target::ACTIVE) == Some(&Value::Bool(true)) {
                let class = link.has.get(&Target::USER_TYPE).and_then(Value::as_str).unwrap_or("Regular");
                *census.entry(class.to_owned()).or_default() += 1;
            }
        }
        census
    }

    /// Reads everybody in the workspace, page by page, and compares them with the model. `others` are the ids of
    /// people whom this job does not know and who may exist. Returns the census of everybody, including the others;
    /// `None` if the pages can't be read.
    pub async fn verify(&self, others: &BTreeSet<String>) -> Option<Census> {
        let people = self.everybody().await?;
        self.verify_groups().await;
        let report = self.client.report();
        let mut known = BTreeSet::new();
        for link in self.links.values() {
            known.insert(link.id.as_str());
            match people.get(&link.id) {
                Some(document) => {
                    self.client.expect_document(&format!("list: {}", link.id), document, &link.has);
                }
                None => {
                    report.check(false, || format!("{} is not in the list", link.id));
                }
            }
        }
        let mut census = Census::new();
        for (id, document) in &people {
            report.check(known.contains(id.as_str()) || others.contains(id), || {
                format!("{id} is in the list and nobody put it there: {document}")
            });
            report.check(!self.deleted.contains(id), || format!("{id} was deleted and is in the list"));
            if document["active"] == true {
                let class = document[USHER]["userType"].as_str().unwrap_or_default();
                *census.entry(class.to_owned()).or_default() += 1;
            }
        }
        Some(census)
    }

    /// All documents by id.
    pub async fn everybody(&self) -> Option<BTreeMap<String, Value>> {
        let mut people = BTreeMap::new();
        loop {
            let start = people.len() + 1;
            let path = format!("/Users?startIndex={start}&count={PAGE}");
            let reply = self.client.call("list", Method::GET, &path, None).await?;
            let page = self.client.expect_list(&reply.answer)?;
            let total = reply.answer.body["totalResults"].as_u64().unwrap_or_default();
            self.client.report().check(reply.answer.body["startIndex"] == start, || {
                format!("{path}: startIndex {} is not the one asked for", reply.answer.body["startIndex"])
            });
            for document in page {
                let id = document["id"].as_str().unwrap_or_default().to_owned();
                let twice = people.insert(id.clone(), document.clone()).is_some();
                self.client.report().check(!twice, || format!("{id} is on two pages"));
            }
            let read = u64::try_from(people.len()).unwrap_or(u64::MAX);
            if read >= total {
                return Some(people);
            }
            if page.is_empty() {
                self.client.report().check(false, || format!("{path}: empty before the end at {total}"));
                return None;
            }
        }
    }
}
