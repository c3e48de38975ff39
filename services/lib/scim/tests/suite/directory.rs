//! A SCIM endpoint for one workspace in memory that uses only the functions of this crate.

mod groups;
mod lists;
mod users;

use http::Method;
use serde_json::{Value, json};
use usher_scim::discovery::{self, Support, list_response};
use usher_scim::error::error_body;
use usher_scim::projection::Projection;
use usher_scim::schema::{self, ResourceType};
use usher_scim::user::Envelope;
use usher_scim::{Object, Profile, ScimError, ScimType, json as text};

use groups::Group;
use lists::Query;

/// The URL of the workspace.
pub const BASE: &str = "https://usher.example/scim/v2/contoso";
/// When every resource was created and last changed.
const TIME: &str = "2026-06-01T12:00:00Z";

/// The answer to a request.
pub struct Sent {
    pub status: u16,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub document: Option<Value>,
}

/// The answer, or `None` if only a service can decide.
type Outcome = Option<Sent>;

/// A resource without what the service adds to it.
#[derive(Clone)]
struct Kept {
    id: String,
    version: i64,
    resource: Object,
}

pub struct Directory {
    profile: Profile,
    users: Vec<Kept>,
    groups: Vec<Group>,
    made: u32,
}

impl Directory {
    pub fn new(profile: Profile) -> Self {
        Self { profile, users: Vec::new(), groups: Vec::new(), made: 0 }
    }

    /// Answers a request to `path` below the workspace's URL.
    pub fn answer(&mut self, method: &Method, path: &str, body: Option<&str>) -> Outcome {
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let query = Query::read(query)?;
        let segments: Vec<&str> = route.strip_prefix('/')?.split('/').collect();
        if segments.contains(&"") || segments == ["Bulk"] {
            return None;
        }
        let body = match body.map(text::parse).transpose() {
            Ok(body) => body,
            Err(fault) => return Some(refused(&fault)),
        };
        match (method, segments.as_slice(), body) {
            (&Method::POST, ["Users"], Some(body)) => self.create_user(&body, &query),
            (&Method::GET, ["Users"], None) => Some(self.list_users(&query)),
            (&Method::GET, ["Users", id], None) => Some(self.get_user(id, &query)),
            (&Method::PUT, ["Users", id], Some(body)) => Some(self.replace_user(id, &body, &query)),
            (&Method::PATCH, ["Users", id], Some(body)) => Some(self.patch_user(id, &body, &query)),
            (&Method::DELETE, ["Users", id], None) => Some(self.delete_user(id)),
            (&Method::POST, ["Groups"], Some(body)) => self.create_group(&body, &query),
            (&Method::GET, ["Groups"], None) => Some(self.list_groups(&query)),
            (&Method::GET, ["Groups", id], None) => Some(self.get_group(id, &query)),
            (&Method::PUT, ["Groups", id], Some(body)) => self.replace_group(id, &body, &query),
            (&Method::PATCH, ["Groups", id], Some(body)) => self.patch_group(id, &body, &query),
            (&Method::DELETE, ["Groups", id], None) => Some(self.delete_group(id)),
            (&Method::GET, _, None) if !query.filters() => discovered(&segments),
            _ => None,
        }
    }

    /// Returns an id that no resource has.
    fn new_id(&mut self) -> String {
        self.made += 1;
        format!("00000000-0000-7000-8000-{:012x}", self.made)
    }

    fn user(&self, id: &str) -> Option<&Kept> {
        self.users.iter().find(|user| user.id == id)
    }
}

fn discovered(segments: &[&str]) -> Outcome {
    let support = Support { sort: true, cursor: true, bulk: Some(discovery::MAX_BULK_OPERATIONS) };
    let types = discovery::resource_types(BASE, schema::user());
    let schemas = discovery::schemas(BASE, schema::user());
    let all = |documents: Vec<Value>| list_response(documents.len() as u64, 1, &documents);
    let one = |documents: Vec<Value>, id: &str| documents.into_iter().find(|document| document["id"] == id);
    let document = match segments {
        ["ServiceProviderConfig"] => discovery::service_provider_config(BASE, support),
        ["ResourceTypes"] => all(types),
        ["ResourceTypes", name] => one(types, name)?,
        ["Schemas"] => all(schemas),
        ["Schemas", urn] => one(schemas, urn)?,
        _ => return None,
    };
    Some(Sent { status: 200, location: None, etag: None, document: Some(document) })
}

impl Kept {
    fn location(&self, endpoint: &str) -> String {
        format!("{BASE}{endpoint}/{}", self.id)
    }

    fn document(
        &self,
        endpoint: &str,
        resource: Object,
        render: fn(Object, &Envelope<'_>) -> Object,
    ) -> Object {
        let location = self.location(endpoint);
        let envelope = Envelope {
            id: &self.id,
            version: self.version,
            created: TIME,
            last_modified: TIME,
            location: &location,
        };
        render(resource, &envelope)
    }

    /// Stores a resource after a write, if the write changed it.
    fn store(&mut self, resource: Object, changed: bool) {
        self.resource = resource;
        self.version += i64::from(changed);
    }
}

/// Answers with a resource as the client asked for it.
fn shown(status: u16, mut document: Object, resource_type: &ResourceType, query: &Query) -> Sent {
    let at = |name: &str| document["meta"][name].as_str().map(str::to_owned);
    let (location, etag) = (at("location"), at("version"));
    Projection::parse(query.get("attributes"), query.get("excludedAttributes"), resource_type)
        .apply(&mut document);
    Sent { status, location, etag, document: Some(Value::Object(document)) }
}

fn nothing() -> Sent {
    Sent { status: 204, location: None, etag: None, document: None }
}

fn refused(fault: &ScimError) -> Sent {
    error(400, Some(fault.scim_type), &fault.detail)
}

fn error(status: u16, scim_type: Option<ScimType>, detail: &str) -> Sent {
    let document = error_body(status, scim_type.map(ScimType::as_str), detail);
    Sent { status, location: None, etag: None, document: Some(document) }
}

fn not_found(id: &str) -> Sent {
    error(404, None, &format!("there is no {id}"))
}

fn taken(name: &str) -> Sent {
    error(409, Some(ScimType::Uniqueness), &format!("{name} is taken"))
}

/// Returns a reference to a resource, without its URL.
fn reference(id: &str, display: Option<&str>, kind: &str) -> Value {
    let mut reference = json!({ "value": id, "type": kind });
    if let Some(display) = display {
        reference["display"] = display.into();
    }
    reference
}
