//! Facts that must hold for an answer.

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::kept::Kept;
use crate::wire::{ERROR_SCHEMA, MEDIA_TYPE};

/// An answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as JSON; null if there is none.
    pub body: Value,
    /// The body as it was received.
    pub text: String,
}

impl Answer {
    /// Returns the value of a header, if the answer has it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A fact about an answer.
pub enum Fact {
    /// It has this status.
    Status(u16),
    /// It has this value at a JSON pointer; null means that there is none.
    At(String, Value),
    /// It has this number of elements at a JSON pointer.
    Count(&'static str, usize),
    /// It is an error of this type; empty means an error without a type.
    ScimType(&'static str),
    /// The detail of the error contains this.
    Told(&'static str),
    /// It lists exactly these resources, by user name or display name.
    Finds(Vec<&'static str>),
    /// It is a group of exactly these members, by the names under which their ids were kept.
    Members(Vec<&'static str>),
    /// It has this header, whose value contains this.
    Header(&'static str, &'static str),
    /// It passes this test, which has a name.
    Holds(&'static str, fn(&Answer) -> bool),
}

impl Fact {
    /// Returns why the answer does not have the fact; `None` if it has it.
    fn fault(&self, answer: &Answer, kept: &Kept) -> Option<String> {
        let differs = |what: String, found: &Value, expected: &Value| {
            (found != expected).then(|| format!("{what} is {found}, not {expected}"))
        };
        match self {
            Self::Status(expected) => (answer.status.as_u16() != *expected)
                .then(|| format!("expected {expected}, got {}", answer.status)),
            Self::At(pointer, expected) => {
                let pointer = kept.text(pointer);
                differs(pointer.clone(), &at(answer, &pointer), &kept.value(expected))
            }
            Self::Count(pointer, expected) => {
                let found = at(answer, pointer).as_array().map_or(0, Vec::len);
                (found != *expected).then(|| format!("{pointer} has {found} elements, not {expected}"))
            }
            Self::ScimType(expected) => {
                let expected = if expected.is_empty() { Value::Null } else { json!(expected) };
                differs("scimType".to_owned(), &answer.body["scimType"], &expected)
            }
            Self::Told(part) => {
                let detail = answer.body["detail"].as_str().unwrap_or_default();
                (!detail.contains(&kept.text(part))).then(|| format!("the detail does not say {part:?}"))
            }
            Self::Finds(expected) => found(answer, expected),
            Self::Members(expected) => {
                let expected = expected.iter().map(|name| kept.text(&format!("{{{name}}}")));
                let found = each(answer, "/members", |member| member["value"].as_str());
                differs("members".to_owned(), &sorted(found), &sorted(expected))
            }
            Self::Header(name, part) => {
                let found = answer.header(name).unwrap_or_default();
                (!found.contains(&kept.text(part))).then(|| format!("{name} is {found:?}, without {part:?}"))
            }
            Self::Holds(what, test) => (!test(answer)).then(|| format!("not so: {what}")),
        }
    }
}

/// Checks an answer. If no fact mentions the status, the request must have succeeded.
///
/// # Errors
/// Returns everything that does not hold.
pub fn judge(answer: &Answer, facts: &[Fact], kept: &Kept) -> Result<(), String> {
    let mut faults: Vec<String> = facts.iter().filter_map(|fact| fact.fault(answer, kept)).collect();
    if !facts.iter().any(|fact| matches!(fact, Fact::Status(_))) && !answer.status.is_success() {
        faults.push(format!("it was refused with {}", answer.status));
    }
    faults.extend(malformed(answer));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// Returns what is wrong with any answer: its media type, or an error without all members of a SCIM error
/// (RFC 7644 section 3.12).
fn malformed(answer: &Answer) -> Option<String> {
    if answer.text.is_empty() {
        return (answer.status.is_client_error() || answer.status.is_server_error())
            .then(|| format!("{} without a body", answer.status));
    }
    let media_type = answer.header("content-type").unwrap_or_default();
    if !media_type.starts_with(MEDIA_TYPE) {
        return Some(format!("the content type is {media_type:?}"));
    }
    if answer.status.is_success() {
        return None;
    }
    let whole = answer.body["schemas"] == json!([ERROR_SCHEMA])
        && answer.body["status"] == json!(answer.status.as_str())
        && answer.body["detail"].as_str().is_some_and(|detail| !detail.is_empty());
    (!whole).then(|| format!("{} is no whole SCIM error", answer.status))
}

/// Checks that a list has exactly these resources, and correct numbers.
fn found(answer: &Answer, expected: &[&'static str]) -> Option<String> {
    let listed = each(answer, "/Resources", |resource| {
        resource["userName"].as_str().or(resource["displayName"].as_str())
    });
    let (listed, expected) = (sorted(listed), sorted(expected.iter().map(|name| (*name).to_owned())));
    if listed != expected {
        return Some(format!("found {listed}, not {expected}"));
    }
    let count = expected.as_array().map_or(0, Vec::len);
    let numbers = ["totalResults", "itemsPerPage"].map(|name| answer.body[name].as_u64());
    let count = u64::try_from(count).ok();
    (numbers != [count, count]).then(|| format!("totalResults and itemsPerPage are {numbers:?}"))
}

fn at(answer: &Answer, pointer: &str) -> Value {
    answer.body.pointer(pointer).cloned().unwrap_or_default()
}

fn each<'a>(
    answer: &'a Answer,
    pointer: &str,
    name: impl Fn(&'a Value) -> Option<&'a str>,
) -> impl Iterator<Item = String> {
    let elements = answer.body.pointer(pointer).and_then(Value::as_array);
    elements.into_iter().flatten().map(move |element| name(element).unwrap_or("?").to_owned())
}

fn sorted(names: impl Iterator<Item = String>) -> Value {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    json!(names)
}
