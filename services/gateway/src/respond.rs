//! Responses.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use serde_json::Value;
use usher_scim::projection::Projection;
use usher_scim::user::{Envelope, render};

use crate::caller::Caller;
use crate::grpc::users::Resource;

/// The media type of every SCIM response, whatever the client accepts: Microsoft's validator fails others.
pub(crate) const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");

/// A document.
pub(crate) fn json(status: StatusCode, document: &Value) -> Response {
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    response
}

/// No document.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A user as the client sees it.
pub(crate) fn user_document(caller: &Caller, user: Resource, projection: &Projection) -> Value {
    let location = user_location(caller, &user.id);
    let envelope = Envelope {
        id: &user.id,
        version: user.version,
        created: &user.created,
        last_modified: &user.modified,
        location: &location,
    };
    let mut document = render(user.attributes, &envelope);
    projection.apply(&mut document);
    Value::Object(document)
}

/// A user, with its version and address.
pub(crate) fn user(status: StatusCode, caller: &Caller, user: Resource, projection: &Projection) -> Response {
    let (etag, location) = (etag(user.version), user_location(caller, &user.id));
    let mut response = json(status, &user_document(caller, user, projection));
    set(&mut response, ETAG, &etag);
    set(&mut response, LOCATION, &location);
    response
}

/// 304: the client has this version.
pub(crate) fn not_modified(version: i64) -> Response {
    let mut response = empty(StatusCode::NOT_MODIFIED);
    set(&mut response, ETAG, &etag(version));
    response
}

fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

fn user_location(caller: &Caller, id: &str) -> String {
    format!("{}/Users/{id}", caller.base)
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
