//! Replies and HTTP responses.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use serde_json::Value;
use usher_scim::projection::Projection;

use crate::kind::{Kind, Resource};

/// The media type of every SCIM response, whatever the client accepts. Microsoft's validator rejects others.
pub(crate) const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");

/// The outcome of an operation on one resource: a response, or a part of a bulk response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) document: Option<Value>,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    /// Whether the write made a user a Collaborator because no paid seat was free, for the provisioning log.
    pub(crate) degraded: bool,
}

/// Marks the response to such a write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Degraded;

impl Reply {
    /// A reply without a document.
    pub(crate) const fn empty(status: StatusCode) -> Self {
        Self { status, document: None, etag: None, location: None, degraded: false }
    }

    /// A reply with the requested attributes of a resource.
    pub(crate) fn resource(
        status: StatusCode,
        kind: Kind,
        resource: Resource,
        base: &str,
        projection: &Projection,
    ) -> Self {
        let answer = Self::version(status, kind, &resource, base);
        let mut document = resource.render(kind, base);
        projection.apply(&mut document);
        Self { document: Some(Value::Object(document)), ..answer }
    }

    /// A reply with a resource's version and URL, but no document.
    pub(crate) fn version(status: StatusCode, kind: Kind, resource: &Resource, base: &str) -> Self {
        Self {
            status,
            document: None,
            etag: Some(format!("W/\"{}\"", resource.version)),
            location: Some(resource.location(kind, base)),
            degraded: resource.degraded,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match &self.document {
            Some(document) => json(self.status, document),
            None => empty(self.status),
        };
        for (name, value) in [(ETAG, self.etag), (LOCATION, self.location)] {
            set(&mut response, name, value);
        }
        if self.degraded {
            response.extensions_mut().insert(Degraded);
        }
        response
    }
}

/// A response with a document.
pub(crate) fn json(status: StatusCode, document: &Value) -> Response {
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    response
}

/// A response without a document.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn set(response: &mut Response, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
        response.headers_mut().insert(name, value);
    }
}
