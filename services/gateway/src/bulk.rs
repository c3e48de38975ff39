//! Bulk requests (RFC 7644 section 3.7), as they are read and ordered; `scim/bulk.rs` carries them out.

mod places;
mod references;

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};
use usher_base::Reason;
use usher_scim::Object;
use usher_scim::discovery::MAX_BULK_OPERATIONS;
use usher_scim::error::{error_body, short};

pub(crate) use references::{Unresolved, plan, resolve, resolve_id};

use crate::kind::Kind;
use crate::leaving::deactivates;
use crate::problem::Problem;
use crate::respond::Answer;

/// The schema of bulk responses.
const RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// A bulk request.
#[derive(Debug)]
pub(crate) struct Bulk {
    /// After so many errors nothing more is begun.
    pub(crate) fail_on_errors: Option<usize>,
    pub(crate) operations: Vec<Operation>,
}

/// One operation of a bulk request.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) bulk_id: Option<String>,
    /// As `If-Match`.
    pub(crate) version: Option<String>,
    /// The bulkIds that it refers to.
    references: BTreeSet<String>,
    /// What to do, or what is wrong with it.
    pub(crate) task: Result<Task, Problem>,
}

/// What an operation does.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) verb: Verb,
    pub(crate) kind: Kind,
    /// Of the resource; `bulkId:…` where it is made in the same request; empty for POST.
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// The methods of bulk operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Post,
    Put,
    Patch,
    Delete,
}

impl Task {
    /// Whether somebody seems to leave by it.
    pub(crate) fn seems_to_leave(&self) -> bool {
        match (self.kind, self.verb) {
            (Kind::User, Verb::Delete) => true,
            (Kind::User, Verb::Put | Verb::Patch) => deactivates(&self.data),
            _ => false,
        }
    }
}

impl Bulk {
    /// Reads a bulk request. What is wrong with one operation is that operation's own error.
    ///
    /// # Errors
    /// It is no bulk request; it has too many operations (413); two operations have the same `bulkId`.
    pub(crate) fn parse(body: &str) -> Result<Self, Problem> {
        let invalid = |detail: &str| Problem::new(Reason::InvalidSyntax, detail);
        let Ok(Value::Object(mut body)) = serde_json::from_str(body) else {
            return Err(invalid("the body must be a BulkRequest object"));
        };
        let Some(Value::Array(sent)) = take(&mut body, "Operations") else {
            return Err(invalid("a BulkRequest needs a list \"Operations\""));
        };
        if sent.len() > MAX_BULK_OPERATIONS {
            let detail =
                format!("{} operations are too many; send at most {MAX_BULK_OPERATIONS} at once", sent.len());
            return Err(Problem::new(Reason::PayloadTooLarge, detail));
        }
        let fail_on_errors = match take(&mut body, "failOnErrors") {
            None | Some(Value::Null) => None,
            // To accept no error is to stop at the first, which is what 1 says as well.
            Some(Value::Number(most)) if most.is_u64() => {
                most.as_u64().map(|most| usize::try_from(most.max(1)).unwrap_or(usize::MAX))
            }
            Some(_) => return Err(invalid("failOnErrors must be a whole number of at least 0")),
        };
        let operations: Vec<_> = sent.into_iter().map(Operation::read).collect();
        let mut ids: Vec<_> = operations.iter().filter_map(Operation::defines).collect();
        ids.sort_unstable();
        if let Some((twice, _)) = ids.iter().zip(ids.iter().skip(1)).find(|(id, next)| id == next) {
            return Err(invalid(&format!("the bulkId {:?} is there twice", short(twice))));
        }
        Ok(Self { fail_on_errors, operations })
    }
}

impl Operation {
    fn read(sent: Value) -> Self {
        let Value::Object(mut sent) = sent else {
            let fault = Problem::new(Reason::InvalidSyntax, "an operation must be an object");
            return Self {
                method: String::new(),
                path: String::new(),
                bulk_id: None,
                version: None,
                references: BTreeSet::new(),
                task: Err(fault),
            };
        };
        let mut text = |name: &str| match take(&mut sent, name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let (method, bulk_id) = (text("method").unwrap_or_default(), text("bulkId"));
        let (version, path) = (text("version"), text("path").unwrap_or_default());
        let mut task = Task::read(&method, &path, bulk_id.is_some(), take(&mut sent, "data"));
        let references = task.as_mut().map_or_else(
            |_| BTreeSet::new(),
            |task| references::mentioned(task.kind, &task.id, &mut task.data),
        );
        Self { method, path, bulk_id, version, references, task }
    }

    /// The `bulkId` that others may refer to: that of a creation.
    fn defines(&self) -> Option<&str> {
        let creates = self.task.as_ref().is_ok_and(|task| task.verb == Verb::Post);
        self.bulk_id.as_deref().filter(|_| creates)
    }

    /// The id in its path, as sent.
    pub(crate) fn target(&self) -> Option<&str> {
        self.task.as_ref().ok().map(|task| task.id.as_str()).filter(|id| !id.is_empty())
    }

    /// Its part of the bulk response. `target` is the id of what it is about, where there is one, and
    /// `base` the workspace's URL as the client knows it.
    pub(crate) fn result(
        &self,
        outcome: &Result<Answer, Problem>,
        target: Option<&str>,
        base: &str,
        request_id: &str,
    ) -> Value {
        let kind = self.task.as_ref().ok().map(|task| task.kind);
        let location =
            kind.zip(target).map(|(kind, id)| Value::from(format!("{base}{}/{id}", kind.endpoint())));
        let mut result = Object::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                result.insert(name.to_owned(), value);
            }
        };
        put("method", Some(self.method.to_ascii_uppercase().into()));
        put("bulkId", self.bulk_id.clone().map(Value::from));
        match outcome {
            Ok(answer) => {
                put("version", answer.etag.clone().map(Value::from));
                put("location", answer.location.clone().map(Value::from).or(location));
                put("status", Some(code(answer.status)));
            }
            Err(problem) => {
                put("location", location);
                put("status", Some(code(problem.status)));
                let detail = problem.told(request_id);
                put("response", Some(error_body(problem.status.as_u16(), problem.scim_type, &detail)));
            }
        }
        Value::Object(result)
    }
}

impl Task {
    fn read(method: &str, path: &str, has_bulk_id: bool, data: Option<Value>) -> Result<Self, Problem> {
        let invalid = |detail: &str| Problem::new(Reason::InvalidSyntax, detail);
        let verb =
            [("POST", Verb::Post), ("PUT", Verb::Put), ("PATCH", Verb::Patch), ("DELETE", Verb::Delete)]
                .into_iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(method))
                .map(|(_, verb)| verb)
                .ok_or_else(|| invalid("\"method\" must be POST, PUT, PATCH or DELETE"))?;
        let path = format!("/{}", path.trim_matches('/'));
        let (kind, rest) = Kind::of_path(&path).ok_or_else(|| {
            invalid("\"path\" must be /Users or /Groups, with an id behind it except for POST")
        })?;
        let id = rest.trim_matches('/').to_owned();
        match (verb, id.is_empty()) {
            (Verb::Post, false) => return Err(invalid("a POST goes to /Users or /Groups, without an id")),
            (Verb::Put | Verb::Patch | Verb::Delete, true) => {
                return Err(invalid("\"path\" must name the resource, such as /Users/<id>"));
            }
            _ if id.contains('/') => return Err(invalid("\"path\" leads nowhere")),
            _ => {}
        }
        if verb == Verb::Post && !has_bulk_id {
            return Err(invalid("a POST needs a \"bulkId\""));
        }
        let data = match data {
            Some(data @ Value::Object(_)) => data,
            _ if verb == Verb::Delete => Value::Null,
            _ => return Err(invalid("\"data\" must be an object")),
        };
        Ok(Self { verb, kind, id, data })
    }
}

/// The body of a bulk response.
pub(crate) fn response(results: &[Value]) -> Value {
    json!({ "schemas": [RESPONSE_SCHEMA], "Operations": results })
}

fn code(status: StatusCode) -> Value {
    status.as_str().into()
}

/// Takes out a member, whose name may have any case.
fn take(object: &mut Object, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.shift_remove(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(operation: &str) -> Operation {
        let body = format!("{{\"Operations\":[{operation}]}}");
        Bulk::parse(&body).unwrap().operations.pop().unwrap()
    }

    #[test]
    fn an_operation_is_read_in_any_case_and_with_or_without_slashes() {
        for (operation, verb, kind, id) in [
            (r#"{"method":"POST","path":"/Users","bulkId":"a","data":{}}"#, Verb::Post, Kind::User, ""),
            (r#"{"Method":"patch","path":"Groups/1/","data":{}}"#, Verb::Patch, Kind::Group, "1"),
            (r#"{"method":"PUT","path":"/Users/bulkId:a","data":{}}"#, Verb::Put, Kind::User, "bulkId:a"),
            (r#"{"method":"DELETE","path":"/Users/1"}"#, Verb::Delete, Kind::User, "1"),
        ] {
            let task = one(operation).task.unwrap();
            assert_eq!((task.verb, task.kind, task.id.as_str()), (verb, kind, id), "{operation}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_operation_is_its_own_error() {
        for operation in [
            "1",
            r#"{"path":"/Users","bulkId":"a","data":{}}"#,
            r#"{"method":"POST","path":"/Users","data":{}}"#,
            r#"{"method":"POST","path":"/Users/1","bulkId":"a","data":{}}"#,
            r#"{"method":"POST","path":"/Nothing","bulkId":"a","data":{}}"#,
            r#"{"method":"POST","path":"/Userss","bulkId":"a","data":{}}"#,
            r#"{"method":"PATCH","path":"/Users","data":{}}"#,
            r#"{"method":"PATCH","path":"/Users/1/2","data":{}}"#,
            r#"{"method":"PUT","path":"/Users/1"}"#,
            r#"{"method":"GET","path":"/Users/1"}"#,
        ] {
            let read = one(operation);
            let problem = read.task.as_ref().unwrap_err().clone();
            let result = read.result(&Err(problem), None, "https://h/scim/v2/acme", "id");
            assert_eq!((&result["status"], &result["response"]["status"]), (&json!("400"), &json!("400")));
        }
    }

    #[test]
    fn a_request_that_is_none_or_too_large_is_refused_as_a_whole() {
        let many = vec![json!({ "method": "DELETE", "path": "/Users/1" }); MAX_BULK_OPERATIONS + 1];
        let twice = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": {} });
        for (body, status) in [
            (json!({}), 400),
            (json!([]), 400),
            (json!({ "Operations": [], "failOnErrors": -1 }), 400),
            (json!({ "Operations": [], "failOnErrors": "1" }), 400),
            (json!({ "Operations": [twice, twice] }), 400),
            (json!({ "Operations": many }), 413),
        ] {
            assert_eq!(Bulk::parse(&body.to_string()).unwrap_err().status.as_u16(), status);
        }
        for (sent, most) in [("2", 2), ("0", 1)] {
            let body = format!(r#"{{"Operations":[],"failOnErrors":{sent}}}"#);
            assert_eq!(Bulk::parse(&body).unwrap().fail_on_errors, Some(most));
        }
    }
}
