//! A row: what a source says that clients send, in order, and what must come of it.

use http::Method;
use serde_json::{Value, json};

use crate::fact::{Answer, Fact};
use crate::wire::{MEDIA_TYPE, PATCH_SCHEMA, encode};

/// A row. Names in braces, in paths, bodies and expectations, stand for what was kept before:
/// `/Users/{ada}`. A step that says nothing of its status must succeed.
pub struct Row {
    /// Where it was seen.
    pub source: &'static str,
    /// The workspace that it begins with.
    pub workspace: Workspace,
    /// Whether the app has the strict profile.
    pub strict: bool,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A workspace in which a row can begin. It is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workspace {
    /// Of an open plan, for people of any domain.
    Usual,
    /// As the usual one, and blocked at so many paid seats.
    BlockedAt(i64),
    /// As the usual one, with a limit of so many paid seats that may be exceeded.
    AllowedBeyond(i64),
    /// For people of these domains alone.
    Domains(&'static [&'static str]),
}

/// A part of a row.
pub enum Step {
    /// A request.
    One {
        /// What is sent.
        request: Request,
        /// What must be true of its answer.
        facts: Vec<Fact>,
        /// What is kept of the answer: name and JSON pointer.
        keep: Vec<(String, String)>,
    },
    /// A GET of a path that is quick, the fastest of some: others use the machine too.
    Quick(&'static str),
    /// Requests at the same time.
    Together {
        /// What is sent.
        requests: Vec<Request>,
        /// The statuses of the answers, in order of size.
        statuses: Vec<u16>,
    },
}

/// A request as it goes over the wire.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Below the workspace's URL.
    pub path: String,
    /// Its headers, but for the token's.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Option<Body>,
    /// Another one than the workspace's; empty for none.
    pub token: Option<&'static str>,
}

/// The body of a request.
#[derive(Clone)]
pub enum Body {
    /// A document.
    Json(Value),
    /// As it is.
    Text(&'static str),
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None, token: None }
    }

    fn with(self, body: Body) -> Self {
        Self { body: Some(body), headers: vec![("content-type", MEDIA_TYPE.to_owned())], ..self }
    }

    /// POST of a document.
    pub fn post(path: &str, body: Value) -> Self {
        Self::new(Method::POST, path).with(Body::Json(body))
    }

    /// PATCH with operations.
    pub fn patch(path: &str, operations: Value) -> Self {
        let mut message = json!({ "schemas": [PATCH_SCHEMA] });
        message["Operations"] = operations;
        Self::new(Method::PATCH, path).with(Body::Json(message))
    }
}

/// A row of a source, in the usual workspace.
pub fn row(source: &'static str) -> Row {
    Row { source, workspace: Workspace::Usual, strict: false, steps: Vec::new() }
}

/// What is sent.
impl Row {
    /// In another workspace than the usual one.
    #[must_use]
    pub fn workspace(self, workspace: Workspace) -> Self {
        Self { workspace, ..self }
    }

    /// Whether it begins in the usual workspace, with an app of the default profile.
    pub fn is_usual(&self) -> bool {
        self.workspace == Workspace::Usual && !self.strict
    }

    /// At an app of the strict profile.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { strict: true, ..self }
    }

    fn step(mut self, request: Request) -> Self {
        self.steps.push(Step::One { request, facts: Vec::new(), keep: Vec::new() });
        self
    }

    /// GET.
    #[must_use]
    pub fn get(self, path: &str) -> Self {
        self.step(Request::new(Method::GET, path))
    }

    /// DELETE.
    #[must_use]
    pub fn delete(self, path: &str) -> Self {
        self.step(Request::new(Method::DELETE, path))
    }

    /// POST of a document.
    #[must_use]
    pub fn post(self, path: &str, body: Value) -> Self {
        self.step(Request::post(path, body))
    }

    /// PUT of a document.
    #[must_use]
    pub fn put(self, path: &str, body: Value) -> Self {
        self.step(Request::new(Method::PUT, path).with(Body::Json(body)))
    }

    /// PATCH with operations.
    #[must_use]
    pub fn patch(self, path: &str, operations: Value) -> Self {
        self.step(Request::patch(path, operations))
    }

    /// Any method with a body to the letter.
    #[must_use]
    pub fn send(self, method: Method, path: &str, body: &'static str) -> Self {
        self.step(Request::new(method, path).with(Body::Text(body)))
    }

    /// Users by filter.
    #[must_use]
    pub fn find(self, filter: &str) -> Self {
        self.get(&format!("/Users?filter={}", encoded(filter)))
    }

    /// Groups by filter.
    #[must_use]
    pub fn find_groups(self, filter: &str) -> Self {
        self.get(&format!("/Groups?filter={}", encoded(filter)))
    }

    /// A resource that is there before; its id is kept.
    #[must_use]
    pub fn given(self, name: &'static str, path: &str, body: Value) -> Self {
        self.post(path, body).is(201).keep(name, "/id")
    }

    /// People `u1@contoso.com`, `u2@contoso.com`, … who are there before.
    #[must_use]
    pub fn people(self, count: usize) -> Self {
        (1..=count).fold(self, |row, n| {
            row.post("/Users", json!({ "userName": format!("u{n}@contoso.com") })).is(201)
        })
    }

    /// HEAD.
    #[must_use]
    pub fn head(self, path: &str) -> Self {
        self.step(Request::new(Method::HEAD, path))
    }

    /// OPTIONS.
    #[must_use]
    pub fn options(self, path: &str) -> Self {
        self.step(Request::new(Method::OPTIONS, path))
    }

    /// A GET that is quick.
    #[must_use]
    pub fn quick(mut self, path: &'static str) -> Self {
        self.steps.push(Step::Quick(path));
        self
    }

    /// Requests at the same time, and their statuses in order of size.
    #[must_use]
    pub fn together(mut self, requests: Vec<Request>, statuses: &[u16]) -> Self {
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
    #[must_use]
    pub fn with(self, name: &'static str, value: &str) -> Self {
        self.without(name).last(|request| request.headers.push((name, value.to_owned())))
    }

    /// Without a header.
    #[must_use]
    pub fn without(self, name: &'static str) -> Self {
        self.last(|request| request.headers.retain(|(sent, _)| *sent != name))
    }

    /// With another token; empty for none.
    #[must_use]
    pub fn token(self, token: &'static str) -> Self {
        self.last(|request| request.token = Some(token))
    }
}

/// What must come of it.
impl Row {
    /// A fact about the answer.
    #[must_use]
    pub fn must(mut self, fact: Fact) -> Self {
        if let Some(Step::One { facts, .. }) = self.steps.last_mut() {
            facts.push(fact);
        }
        self
    }

    /// The status.
    #[must_use]
    pub fn is(self, status: u16) -> Self {
        self.must(Fact::Status(status))
    }

    /// A whole SCIM error, of this type; empty for none.
    #[must_use]
    pub fn refused(self, status: u16, scim_type: &'static str) -> Self {
        self.is(status).must(Fact::ScimType(scim_type))
    }

    /// The error's detail has it.
    #[must_use]
    pub fn told(self, part: &'static str) -> Self {
        self.must(Fact::Told(part))
    }

    /// The value at a JSON pointer; null where there is none.
    #[must_use]
    pub fn at(self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.must(Fact::At(pointer.into(), value.into()))
    }

    /// There is nothing at a JSON pointer.
    #[must_use]
    pub fn lacks(self, pointer: impl Into<String>) -> Self {
        self.at(pointer, Value::Null)
    }

    /// So many elements at a JSON pointer.
    #[must_use]
    pub fn has(self, pointer: &'static str, count: usize) -> Self {
        self.must(Fact::Count(pointer, count))
    }

    /// A list of just these, by user name or display name, in any order.
    #[must_use]
    pub fn finds(self, names: &[&'static str]) -> Self {
        self.is(200).must(Fact::Finds(names.to_vec()))
    }

    /// A group of just these members, in any order, by what was kept of them.
    #[must_use]
    pub fn members(self, names: &[&'static str]) -> Self {
        self.must(Fact::Members(names.to_vec()))
    }

    /// A header that has it.
    #[must_use]
    pub fn header(self, name: &'static str, part: &'static str) -> Self {
        self.must(Fact::Header(name, part))
    }

    /// Whatever else, with its name.
    #[must_use]
    pub fn holds(self, what: &'static str, test: fn(&Answer) -> bool) -> Self {
        self.must(Fact::Holds(what, test))
    }

    /// Keeps what is at a JSON pointer, under a name.
    #[must_use]
    pub fn keep(mut self, name: impl Into<String>, pointer: impl Into<String>) -> Self {
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
