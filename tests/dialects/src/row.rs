//! A row: requests that a source says clients send, in order, and the expected answers.

use http::Method;
use serde_json::{Value, json};

use crate::fact::{Answer, Fact};
use crate::wire::{MEDIA_TYPE, PATCH_SCHEMA, encode};

/// A row. Names in braces, in paths, bodies and expectations, are replaced by what was kept before:
/// `/Users/{ada}`. A request without an expected status must succeed.
pub struct Row {
    /// The source in which the requests were seen.
    pub source: &'static str,
    /// The workspace in which the row begins.
    pub workspace: Workspace,
    /// Whether the app has the strict profile.
    pub strict: bool,
    /// The requests and expectations, in order.
    pub steps: Vec<Step>,
}

/// The empty workspace in which a row begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workspace {
    /// A workspace on an open plan that accepts people of any domain.
    Usual,
    /// Like `Usual`, with this number of paid seats; further users are refused.
    BlockedAt(i64),
    /// Like `Usual`, with this number of paid seats; further users are allowed.
    AllowedBeyond(i64),
    /// A workspace that accepts only people of these domains.
    Domains(&'static [&'static str]),
}

/// One step of a row.
pub enum Step {
    One {
        request: Request,
        /// What must hold for the answer.
        facts: Vec<Fact>,
        /// What is kept of the answer: names and JSON pointers.
        keep: Vec<(String, String)>,
    },
    /// A GET of a path that must be quick. The fastest of several counts, because others use the machine too.
    Quick(&'static str),
    Together {
        requests: Vec<Request>,
        /// The statuses of the answers, in ascending order.
        statuses: Vec<u16>,
    },
}

/// A request as it is sent.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// The path below the workspace's URL.
    pub path: String,
    /// The headers, except the one with the token.
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Body>,
    /// A token to send in place of the workspace's; empty means none.
    pub token: Option<&'static str>,
}

/// The body of a request.
#[derive(Clone)]
pub enum Body {
    Json(Value),
    /// A text that is sent as it is.
    Text(&'static str),
}

impl Request {
    /// Creates a request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None, token: None }
    }

    fn with(self, body: Body) -> Self {
        Self { body: Some(body), headers: vec![("content-type", MEDIA_TYPE.to_owned())], ..self }
    }

    /// Creates a POST of a document.
    pub fn post(path: &str, body: Value) -> Self {
        Self::new(Method::POST, path).with(Body::Json(body))
    }

    /// Creates a PATCH with operations.
    pub fn patch(path: &str, operations: Value) -> Self {
        let mut message = json!({ "schemas": [PATCH_SCHEMA] });
        message["Operations"] = operations;
        Self::new(Method::PATCH, path).with(Body::Json(message))
    }
}

/// Creates a row of a source, in the usual workspace.
pub fn row(source: &'static str) -> Row {
    Row { source, workspace: Workspace::Usual, strict: false, steps: Vec::new() }
}

/// The requests of a row.
impl Row {
    /// Begins in this workspace in place of the usual one.
    #[must_use]
    pub fn workspace(self, workspace: Workspace) -> Self {
        Self { workspace, ..self }
    }

    /// Returns whether the row begins in the usual workspace, with an app of the default profile.
    pub fn is_usual(&self) -> bool {
        self.workspace == Workspace::Usual && !self.strict
    }

    /// Uses an app with the strict profile.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { strict: true, ..self }
    }

    fn step(mut self, request: Request) -> Self {
        self.steps.push(Step::One { request, facts: Vec::new(), keep: Vec::new() });
        self
    }

    #[must_use]
    pub fn get(self, path: &str) -> Self {
        self.step(Request::new(Method::GET, path))
    }

    #[must_use]
    pub fn delete(self, path: &str) -> Self {
        self.step(Request::new(Method::DELETE, path))
    }

    /// Adds a POST of a document.
    #[must_use]
    pub fn post(self, path: &str, body: Value) -> Self {
        self.step(Request::post(path, body))
    }

    /// Adds a PUT of a document.
    #[must_use]
    pub fn put(self, path: &str, body: Value) -> Self {
        self.step(Request::new(Method::PUT, path).with(Body::Json(body)))
    }

    /// Adds a PATCH with operations.
    #[must_use]
    pub fn patch(self, path: &str, operations: Value) -> Self {
        self.step(Request::patch(path, operations))
    }

    /// Adds a request of any method, whose body is sent as it is.
    #[must_use]
    pub fn send(self, method: Method, path: &str, body: &'static str) -> Self {
        self.step(Request::new(method, path).with(Body::Text(body)))
    }

    /// Adds a list of users by filter.
    #[must_use]
    pub fn find(self, filter: &str) -> Self {
        self.get(&format!("/Users?filter={}", encoded(filter)))
    }

    /// Adds a list of groups by filter.
    #[must_use]
    pub fn find_groups(self, filter: &str) -> Self {
        self.get(&format!("/Groups?filter={}", encoded(filter)))
    }

    /// Creates a resource first, and keeps its id.
    #[must_use]
    pub fn given(self, name: &'static str, path: &str, body: Value) -> Self {
        self.post(path, body).is(201).keep(name, "/id")
    }

    /// Creates the people `u1@contoso.com`, `u2@contoso.com`, … first.
    #[must_use]
    pub fn people(self, count: usize) -> Self {
        (1..=count).fold(self, |row, n| {
            row.post("/Users", json!({ "userName": format!("u{n}@contoso.com") })).is(201)
        })
    }

    #[must_use]
    pub fn head(self, path: &str) -> Self {
        self.step(Request::new(Method::HEAD, path))
    }

    #[must_use]
    pub fn options(self, path: &str) -> Self {
        self.step(Request::new(Method::OPTIONS, path))
    }

    /// Adds a GET that must be quick.
    #[must_use]
    pub fn quick(mut self, path: &'static str) -> Self {
        self.steps.push(Step::Quick(path));
        self
    }

    /// Adds concurrent requests, with their statuses in ascending order.
    #[must_use]
    pub fn together(mut self, requests: Vec<Request>, statuses: &[u16]) -> Self {
        self.steps.push(Step::Together { requests, statuses: statuses.to_vec() });
        self
    }
}

/// Details of the last request.
impl Row {
    fn last(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Some(Step::One { request, .. }) = self.steps.last_mut() {
            change(request);
        }
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn with(self, name: &'static str, value: &str) -> Self {
        self.without(name).last(|request| request.headers.push((name, value.to_owned())))
    }

    #[must_use]
    pub fn without(self, name: &'static str) -> Self {
        self.last(|request| request.headers.retain(|(sent, _)| *sent != name))
    }

    /// Sends another token; empty means none.
    #[must_use]
    pub fn token(self, token: &'static str) -> Self {
        self.last(|request| request.token = Some(token))
    }
}

/// What must hold for the answer to the last request.
impl Row {
    /// Adds a fact about the answer.
    #[must_use]
    pub fn must(mut self, fact: Fact) -> Self {
        if let Some(Step::One { facts, .. }) = self.steps.last_mut() {
            facts.push(fact);
        }
        self
    }

    /// The answer has this status.
    #[must_use]
    pub fn is(self, status: u16) -> Self {
        self.must(Fact::Status(status))
    }

    /// The answer is a complete SCIM error of this type; empty means an error without a type.
    #[must_use]
    pub fn refused(self, status: u16, scim_type: &'static str) -> Self {
        self.is(status).must(Fact::ScimType(scim_type))
    }

    /// The detail of the error contains this.
    #[must_use]
    pub fn told(self, part: &'static str) -> Self {
        self.must(Fact::Told(part))
    }

    /// The answer has this value at a JSON pointer; null means that there is none.
    #[must_use]
    pub fn at(self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.must(Fact::At(pointer.into(), value.into()))
    }

    /// The answer has no value at a JSON pointer.
    #[must_use]
    pub fn lacks(self, pointer: impl Into<String>) -> Self {
        self.at(pointer, Value::Null)
    }

    /// The answer has this number of elements at a JSON pointer.
    #[must_use]
    pub fn has(self, pointer: &'static str, count: usize) -> Self {
        self.must(Fact::Count(pointer, count))
    }

    /// The answer lists exactly these resources, by user name or display name, in any order.
    #[must_use]
    pub fn finds(self, names: &[&'static str]) -> Self {
        self.is(200).must(Fact::Finds(names.to_vec()))
    }

    /// The answer is a group of exactly these members, in any order, by what was kept of them.
    #[must_use]
    pub fn members(self, names: &[&'static str]) -> Self {
        self.must(Fact::Members(names.to_vec()))
    }

    /// The answer has this header, whose value contains this.
    #[must_use]
    pub fn header(self, name: &'static str, part: &'static str) -> Self {
        self.must(Fact::Header(name, part))
    }

    /// The answer passes this test, which has a name.
    #[must_use]
    pub fn holds(self, what: &'static str, test: fn(&Answer) -> bool) -> Self {
        self.must(Fact::Holds(what, test))
    }

    /// Keeps the value at a JSON pointer under a name.
    #[must_use]
    pub fn keep(mut self, name: impl Into<String>, pointer: impl Into<String>) -> Self {
        if let Some(Step::One { keep, .. }) = self.steps.last_mut() {
            keep.push((name.into(), pointer.into()));
        }
        self
    }
}

/// Encodes a filter for a URL, except the braces around names of what was kept.
fn encoded(filter: &str) -> String {
    encode(filter).replace("%7B", "{").replace("%7D", "}")
}
