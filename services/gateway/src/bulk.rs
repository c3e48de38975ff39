//! Parses and orders bulk requests (RFC 7644 section 3.7). `scim/bulk.rs` executes them.

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
use crate::respond::Reply;

/// The schema of bulk responses.
const RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// A bulk request.
#[derive(Debug)]
pub(crate) struct Bulk {
    /// `failOnErrors`: after this many errors no further operation begins.
    pub(crate) fail_on_errors: Option<usize>,
    pub(crate) operations: Vec<Operation>,
}

/// One operation of a bulk request.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) bulk_id: Option<String>,
    /// The version, like `If-Match`.
    pub(crate) version: Option<String>,
    /// The bulkIds that it refers to.
    references: BTreeSet<String>,
    /// The task, or the error in the operation.
    pub(crate) task: Result<Task, Problem>,
}

/// The task of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) verb: Verb,
    pub(crate) kind: Kind,
    /// The id of the resource; `bulkId:…` if the same request creates it; empty for POST.
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
    /// Whether the operation seems to deactivate or delete a user.
    pub(crate) fn seems_to_leave(&self) -> bool {
        match (self.kind, self.verb) {
            (Kind::User, Verb::Delete) => true,
            (Kind::User, Verb::Put | Verb::Patch) => deactivates(&self.data),
            _ => false,
        }
    }
}

impl Bulk {
    /// Parses a bulk request. An error in one operation is that operation's own error.
    ///
    /// # Errors
    /// It is not a bulk request, it has too many operations (413), or two operations have the same `bulkId`.
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
            // 0 is read like 1: stop at the first error.
            Some(Value::Number(max)) if max.is_u64() => {
                max.as_u64().map(|max| usize::try_from(max.max(1)).unwrap_or(usize::MAX))
            }
            Some(_) => return Err(invalid("failOnErrors must be a whole number of at least 0")),
        };
        let operations: Vec<_> = sent.into_iter().map(Operation::read).collect();
        let mut ids: Vec<_> = operations.iter().filter_map(Operation::defines).collect();
        ids.sort_unstable();
        if let Some((twice, _)) = ids.iter().zip(ids.iter().skip(1)).find(|(id, next)| id == next) {
            return Err(invalid(&format!("the bulkId {:?} is used twice", short(twice))));
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

    /// The `bulkId` that other operations may refer to. Only a POST has one.
    fn defines(&self) -> Option<&str> {
        let creates = self.task.as_ref().is_ok_and(|task| task.verb == Verb::Post);
        self.bulk_id.as_deref().filter(|_| creates)
    }

    /// The id in the path, as sent.
    pub(crate) fn target(&self) -> Option<&str> {
        self.task.as_ref().ok().map(|task| task.id.as_str()).filter(|id| !id.is_empty())
    }

    /// The operation's part of the bulk response. `target` is the id of its resource if there is one, and `base` the
    /// workspace's URL as the client knows it.
    pub(crate) fn result(
        &self,
        outcome: &Result<Reply, Problem>,
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
                let detail = problem.detail_for(request_id);
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
            invalid("\"path\" must be /Users or /Groups, followed by an id except for POST")
        })?;
        let id = rest.trim_matches('/').to_owned();
        match (verb, id.is_empty()) {
            (Verb::Post, false) => return Err(invalid("a POST must go to /Users or /Groups, without an id")),
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

/// Removes and returns a member, whose name may have any case.
fn take(object: &mut Object, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.shift_remove(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_one(operation: &str) -> Operation {
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
            let task = parse_one(operation).task.unwrap();
            assert_eq!((task.verb, task.kind, task.id.as_str()), (verb, kind, id), "{operation}");
        }
    }

    #[test]
    fn a_fault_of_an_operation_is_its_own_error() {
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
            let read = parse_one(operation);
            let problem = read.task.as_ref().unwrap_err().clone();
            let result = read.result(&Err(problem), None, "https://h/scim/v2/acme", "id");
            assert_eq!((&result["status"], &result["response"]["status"]), (&json!("400"), &json!("400")));
        }
    }

    #[test]
    fn an_invalid_or_oversized_request_is_refused_as_a_whole() {
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
        for (sent, max) in [("2", 2), ("0", 1)] {
            let body = format!(r#"{{"Operations":[],"failOnErrors":{sent}}}"#);
            assert_eq!(Bulk::parse(&body).unwrap().fail_on_errors, Some(max));
        }
    }
}
