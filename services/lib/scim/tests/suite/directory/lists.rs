//! The queries and lists of the directory.

use serde_json::Value;
use usher_scim::discovery::{DEFAULT_COUNT, MAX_COUNT, list_response};
use usher_scim::projection::Projection;
use usher_scim::schema::ResourceType;
use usher_scim::{Object, Profile, ScimError, eval, filter};

use super::{Sent, refused};

/// Parameters that only the services handle: identity sorts, and makes pages by cursor.
const ELSEWHERE: [&str; 3] = ["cursor", "sortBy", "sortOrder"];

/// The parameters of a request.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(text: &str) -> Option<Self> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<_> = pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        let here = pairs.iter().all(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
        here.then_some(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn filters(&self) -> bool {
        self.get("filter").is_some()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }
}

/// Returns the documents that match the query, as the client asked for them.
pub(super) fn list(
    documents: impl Iterator<Item = Object>,
    resource_type: &ResourceType,
    profile: Profile,
    query: &Query,
) -> Sent {
    let found = match query.get("filter").filter(|text| !text.is_empty()) {
        None => Ok(documents.collect()),
        Some(text) => found(documents, text, resource_type, profile),
    };
    let found: Vec<Object> = match found {
        Ok(found) => found,
        Err(fault) => return refused(&fault),
    };
    let start = query.number("startIndex").unwrap_or(1).max(1);
    let count = query.number("count").unwrap_or(DEFAULT_COUNT.into()).clamp(0, MAX_COUNT.into());
    let projection =
        Projection::parse(query.get("attributes"), query.get("excludedAttributes"), resource_type);
    let (skipped, count) = (usize::try_from(start - 1).unwrap(), usize::try_from(count).unwrap());
    let total = found.len() as u64;
    let page: Vec<Value> = found
        .into_iter()
        .skip(skipped)
        .take(count)
        .map(|mut document| {
            projection.apply(&mut document);
            Value::Object(document)
        })
        .collect();
    let document = list_response(total, start.unsigned_abs(), &page);
    Sent { status: 200, location: None, etag: None, document: Some(document) }
}

fn found(
    documents: impl Iterator<Item = Object>,
    text: &str,
    resource_type: &ResourceType,
    profile: Profile,
) -> Result<Vec<Object>, ScimError> {
    let filter = filter::parse(text, profile)?;
    let bound = filter::bind(&filter, resource_type, profile)?;
    Ok(documents.filter(|document| eval::matches(&bound, document)).collect())
}

/// Decodes a part of a query, in which `+` is a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| char::from(digit.unwrap()).to_digit(16));
                let [Some(high), Some(low)] = digits else { panic!("{text:?} is not encoded") };
                bytes.push(u8::try_from(high * 16 + low).unwrap());
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}
