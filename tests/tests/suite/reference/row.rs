//! A row: what a source says that clients send, in order, and what must come of it.

use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::scim::{MEDIA_TYPE, PATCH_SCHEMA, encode};
use usher_tests::stack::WorkspaceBuilder;

use super::fact::Fact;

/// A row. Names in braces, in paths, bodies and expectations, stand for what was kept before:
/// `/Users/{ada}`. A step that says nothing of its status must succeed.
pub(super) struct Row {
    pub(super) source: &'static str,
    /// None for the usual workspace: empty, and open to people of any domain.
    pub(super) build: Option<fn(WorkspaceBuilder) -> WorkspaceBuilder>,
    pub(super) strict: bool,
    pub(super) steps: Vec<Step>,
}

/// A part of a row.
pub(super) enum Step {
    /// A request, what must be true of its answer, and what is kept of it: name and JSON pointer.
    One { request: Request, facts: Vec<Fact>, keep: Vec<(String, String)> },
    /// A GET of a path that is quick, the fastest of some: others use the machine too.
    Quick(&'static str),
    /// Requests at the same time, and their statuses in order of size.
    Together { requests: Vec<Request>, statuses: Vec<u16> },
}

/// A request as it goes over the wire.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the workspace's URL.
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Body>,
    /// Another one than the workspace's; empty for none.
    pub(super) token: Option<&'static str>,
}

#[derive(Clone)]
pub(super) enum Body {
    Json(Value),
    /// As it is.
    Text(&'static str),
}

impl Request {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None, token: None }
    }

    fn with(self, body: Body) -> Self {
        Self { body: Some(body), headers: vec![("content-type", MEDIA_TYPE.to_owned())], ..self }
    }

    pub(super) fn post(path: &str, body: Value) -> Self {
        Self::new(Method::POST, path).with(Body::Json(body))
    }

    pub(super) fn patch(path: &str, operations: Value) -> Self {
        let mut message = json!({ "schemas": [PATCH_SCHEMA] });
        message["Operations"] = operations;
        Self::new(Method::PATCH, path).with(Body::Json(message))
    }
}

/// A row of a source, in the usual workspace.
pub(super) fn row(source: &'static str) -> Row {
    Row { source, build: None, strict: false, steps: Vec::new() }
}

/// What is sent.
impl Row {
    /// In another workspace: without a word of its plan, it enforces its domains.
    pub(super) fn workspace(self, build: fn(WorkspaceBuilder) -> WorkspaceBuilder) -> Self {
        Self { build: Some(build), ..self }
    }

    pub(super) fn is_usual(&self) -> bool {
        self.build.is_none() && !self.strict
    }

    /// At an app of the strict profile.
    pub(super) fn strict(self) -> Self {
        Self { strict: true, ..self }
    }

    fn step(mut self, request: Request) -> Self {
        self.steps.push(Step::One { request, facts: Vec::new(), keep: Vec::new() });
        self
    }

    pub(super) fn get(self, path: &str) -> Self {
        self.step(Request::new(Method::GET, path))
    }

    pub(super) fn delete(self, path: &str) -> Self {
        self.step(Request::new(Method::DELETE, path))
    }

    pub(super) fn post(self, path: &str, body: Value) -> Self {
        self.step(Request::post(path, body))
    }

    pub(super) fn put(self, path: &str, body: Value) -> Self {
        self.step(Request::new(Method::PUT, path).with(Body::Json(body)))
    }

    /// PATCH with operations.
    pub(super) fn patch(self, path: &str, operations: Value) -> Self {
        self.step(Request::patch(path, operations))
    }

    /// Any method with a body to the letter.
    pub(super) fn send(self, method: Method, path: &str, body: &'static str) -> Self {
        self.step(Request::new(method, path).with(Body::Text(body)))
    }

    /// Users by filter.
    pub(super) fn find(self, filter: &str) -> Self {
        self.get(&format!("/Users?filter={}", encoded(filter)))
    }

    /// Groups by filter.
    pub(super) fn find_groups(self, filter: &str) -> Self {
        self.get(&format!("/Groups?filter={}", encoded(filter)))
    }

    /// A resource that is there before; its id is kept.
    pub(super) fn given(self, name: &'static str, path: &str, body: Value) -> Self {
        self.post(path, body).is(201).keep(name, "/id")
    }

    /// People `u1@contoso.com`, `u2@contoso.com`, … who are there before.
    pub(super) fn people(self, count: usize) -> Self {
        (1..=count).fold(self, |row, n| {
            row.post("/Users", json!({ "userName": format!("u{n}@contoso.com") })).is(201)
        })
    }

    pub(super) fn head(self, path: &str) -> Self {
        self.step(Request::new(Method::HEAD, path))
    }

    pub(super) fn options(self, path: &str) -> Self {
        self.step(Request::new(Method::OPTIONS, path))
    }

    pub(super) fn quick(mut self, path: &'static str) -> Self {
        self.steps.push(Step::Quick(path));
        self
    }

    /// Requests at the same time, and their statuses in order of size.
    pub(super) fn together(mut self, requests: Vec<Request>, statuses: &[u16]) -> Self {
        self.steps.push(Step::Together { requests, statuses: statuses.to_vec() });
        self
    }
}

/// More about the request that was named last.
impl Row {
    fn last(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Some(Step::One { request, .. }) = self.steps.last_mut() {
            change(request);
        }
        self
    }

    /// With a header, instead of what it would have.
    pub(super) fn with(self, name: &'static str, value: &str) -> Self {
        self.without(name).last(|request| request.headers.push((name, value.to_owned())))
    }

    /// Without a header.
    pub(super) fn without(self, name: &'static str) -> Self {
        self.last(|request| request.headers.retain(|(sent, _)| *sent != name))
    }

    /// With another token; empty for none.
    pub(super) fn token(self, token: &'static str) -> Self {
        self.last(|request| request.token = Some(token))
    }
}

/// What must come of it.
impl Row {
    pub(super) fn must(mut self, fact: Fact) -> Self {
        if let Some(Step::One { facts, .. }) = self.steps.last_mut() {
            facts.push(fact);
        }
        self
    }

    pub(super) fn is(self, status: u16) -> Self {
        self.must(Fact::Status(status))
    }

    /// A whole SCIM error, of this type; empty for none.
    pub(super) fn refused(self, status: u16, scim_type: &'static str) -> Self {
        self.is(status).must(Fact::ScimType(scim_type))
    }

    /// The error's detail has it.
    pub(super) fn told(self, part: &'static str) -> Self {
        self.must(Fact::Told(part))
    }

    /// The value at a JSON pointer; null where there is none.
    pub(super) fn at(self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.must(Fact::At(pointer.into(), value.into()))
    }

    /// There is nothing at a JSON pointer.
    pub(super) fn lacks(self, pointer: impl Into<String>) -> Self {
        self.at(pointer, Value::Null)
    }

    /// So many elements at a JSON pointer.
    pub(super) fn has(self, pointer: &'static str, count: usize) -> Self {
        self.must(Fact::Count(pointer, count))
    }

    /// A list of just these, by user name or display name, in any order.
    pub(super) fn finds(self, names: &[&'static str]) -> Self {
        self.is(200).must(Fact::Finds(names.to_vec()))
    }

    /// A group of just these members, in any order, by what was kept of them.
    pub(super) fn members(self, names: &[&'static str]) -> Self {
        self.must(Fact::Members(names.to_vec()))
    }

    /// A header that has it.
    pub(super) fn header(self, name: &'static str, part: &'static str) -> Self {
        self.must(Fact::Header(name, part))
    }

    /// Whatever else, with its name.
    pub(super) fn holds(self, what: &'static str, test: fn(&usher_tests::scim::Answer) -> bool) -> Self {
        self.must(Fact::Holds(what, test))
    }

    /// Keeps what is at a JSON pointer, under a name.
    pub(super) fn keep(mut self, name: impl Into<String>, pointer: impl Into<String>) -> Self {
        if let Some(Step::One { keep, .. }) = self.steps.last_mut() {
            keep.push((name.into(), pointer.into()));
        }
        self
    }
}

/// A filter in a URL, but for the braces of what was kept.
fn encoded(filter: &str) -> String {
    encode(filter).replace("%7B", "{").replace("%7D", "}")
}
