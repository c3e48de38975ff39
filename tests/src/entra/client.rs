//! Entra's HTTP client: its headers and retries, with a check of every answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::attribute::{Target, USHER};
use super::mapping::Attributes;
use super::report::Report;
use crate::scim::{Answer, MEDIA_TYPE, ScimClient};

/// How long a request is retried before the object waits for the next cycle.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause between two attempts if the server does not specify one.
const PAUSE: Duration = Duration::from_millis(250);
/// The maximum pause that a server can request.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// A client of one endpoint.
#[derive(Clone, Debug)]
pub struct EntraClient {
    scim: ScimClient,
    report: Arc<Report>,
}

/// An answer, and whether an earlier attempt may have taken effect.
#[derive(Debug)]
pub struct Reply {
    pub answer: Answer,
    /// Whether the request was sent more than once.
    pub repeated: bool,
}

impl EntraClient {
    /// Creates a client that records everything in the report.
    pub fn new(scim: ScimClient, report: Arc<Report>) -> Self {
        Self { scim, report }
    }

    pub fn report(&self) -> &Arc<Report> {
        &self.report
    }

    /// Sends a request, and retries until the answer is not "later". Returns `None` if the retries are used up, which
    /// is recorded as a failure.
    pub async fn call(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Option<Reply> {
        let begun = Instant::now();
        let mut repeated = false;
        while begun.elapsed() < PATIENCE {
            let mut request = self.scim.request(method.clone(), path);
            if let Some(body) = body {
                request = request
                    .header(CONTENT_TYPE, "application/scim+json; charset=utf-8")
                    .body(body.to_string());
            }
            let sent = Instant::now();
            match self.scim.try_send(request).await {
                Ok(answer) if !matches!(answer.status.as_u16(), 429 | 503) => {
                    self.report.answered(operation, answer.status.as_u16(), sent.elapsed());
                    return Some(Reply { answer, repeated });
                }
                Ok(answer) => {
                    self.report.retried(answer.status.as_u16().to_string());
                    tokio::time::sleep(self.pause(&answer)).await;
                }
                Err(error) => {
                    self.report.retried(if error.is_connect() { "no connection" } else { "cut off" }.into());
                    tokio::time::sleep(PAUSE).await;
                }
            }
            repeated = true;
        }
        self.report.check(false, || format!("{method} {path}: no answer within {} s", PATIENCE.as_secs()));
        None
    }

    /// The pause that the server requests with "later".
    fn pause(&self, answer: &Answer) -> Duration {
        let seconds = answer.header("retry-after").and_then(|value| value.parse().ok());
        self.report.check(seconds.is_some(), || {
            format!("{}: {} without Retry-After in seconds", answer.request, answer.status)
        });
        seconds.map_or(PAUSE, Duration::from_secs).clamp(PAUSE, MAX_PAUSE)
    }

    /// Checks the status; returns whether it is as expected.
    pub fn expect(&self, answer: &Answer, status: u16) -> bool {
        self.report.check(answer.status.as_u16() == status, || {
            format!("{}: expected {status}, got {}: {}", answer.request, answer.status, answer.text)
        })
    }

    /// Checks a SCIM error: status, form, and that the detail contains `part`.
    pub fn expect_error(&self, answer: &Answer, status: u16, part: &str) -> bool {
        let body = &answer.body;
        let detail = body["detail"].as_str().unwrap_or_default();
        let whole = body["schemas"] == json!([crate::scim::ERROR_SCHEMA])
            && body["status"] == json!(status.to_string())
            && detail.contains(part);
        self.expect(answer, status)
            && self.report.check(whole, || {
                format!("{}: not a SCIM error that names {part:?}: {}", answer.request, answer.text)
            })
    }

    /// Checks a list response, and returns its resources.
    pub fn expect_list<'a>(&self, answer: &'a Answer) -> Option<&'a [Value]> {
        let body = &answer.body;
        let resources = body["Resources"].as_array();
        let count = resources.map_or(0, Vec::len);
        let whole = self.expect(answer, 200)
            && self.report.check(
                body["schemas"] == json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"])
                    && body["totalResults"].is_u64()
                    && body["startIndex"].is_u64()
                    && body["itemsPerPage"].as_u64() == u64::try_from(count).ok()
                    && is_scim(answer),
                || format!("{}: not a list response: {}", answer.request, answer.text),
            );
        if !whole {
            return None;
        }
        Some(resources.map(Vec::as_slice).unwrap_or_default())
    }

    /// Checks a response with a user: id, meta, `ETag` and every attribute of the model.
    pub fn expect_user(&self, answer: &Answer, status: u16, model: &Attributes) -> bool {
        self.expect(answer, status)
            && self.report.check(is_scim(answer), || format!("{}: media type", answer.request))
            && self.report.check(answer.header("etag") == answer.body["meta"]["version"].as_str(), || {
                format!("{}: ETag {:?} is not meta.version", answer.request, answer.header("etag"))
            })
            && self.expect_document(&answer.request, &answer.body, model)
    }

    /// Checks a user document.
    pub fn expect_document(&self, at: &str, document: &Value, model: &Attributes) -> bool {
        let id = document["id"].as_str().unwrap_or_default();
        let meta = &document["meta"];
        let location = meta["location"].as_str().unwrap_or_default();
        let whole = !id.is_empty()
            && meta["resourceType"] == "User"
            && location.ends_with(&format!("/Users/{id}"))
            && meta["created"].is_string()
            && meta["lastModified"].is_string()
            && meta["version"].as_str().is_some_and(|version| version.starts_with("W/\""))
            && document["schemas"].as_array().is_some_and(|schemas| schemas.iter().any(is_core));
        let mut right = self.report.check(whole, || format!("{at}: not a whole user: {document}"));
        for (target, expected) in model {
            let found = target.read(document);
            right &= self.report.check(found == Some(expected), || {
                format!("{at}: {} is {found:?}, expected {expected}", target.path())
            });
        }
        let class = model.get(&Target::USER_TYPE).and_then(Value::as_str).unwrap_or("Regular");
        right
            & self.report.check(document[USHER]["userType"] == class, || {
                format!("{at}: user type {} is not {class}", document[USHER]["userType"])
            })
    }
}

fn is_scim(answer: &Answer) -> bool {
    answer.header("content-type").is_some_and(|found| found.starts_with(MEDIA_TYPE))
}

fn is_core(schema: &Value) -> bool {
    schema == "urn:ietf:params:scim:schemas:core:2.0:User"
}
