//! A SCIM client whose assertions report the request, the expected result and the actual one.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
pub use usher_dialects::wire::{ERROR_SCHEMA, MEDIA_TYPE, PATCH_SCHEMA, encode};

/// Where a user's document has the user type of the seat.
pub const SEAT: &str = "/urn:ietf:params:scim:schemas:extension:usher:2.0:User/userType";

/// A SCIM endpoint of one workspace, with a token.
#[derive(Clone, Debug)]
pub struct ScimClient {
    http: reqwest::Client,
    base: String,
    token: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, for messages: `PATCH /Users/…`.
    pub request: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as JSON; null if there is none.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl ScimClient {
    /// Creates a client for the URL `base` (`http://host/scim/v2/acme`) with a bearer token. With an empty token,
    /// none is sent.
    pub fn new(base: impl Into<String>, token: impl Into<String>) -> Self {
        Self { http: reqwest::Client::new(), base: base.into(), token: token.into() }
    }

    /// The same endpoint with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Another endpoint with the same token.
    #[must_use]
    pub fn with_base(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// A request to `path` below the base URL, with the token.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// There is no complete answer.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build()?;
        let path = request.url().as_str();
        let name = format!("{} {}", request.method(), path.strip_prefix(&self.base).unwrap_or(path));
        let answer = self.http.execute(request).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { request: name, status, headers, body, text })
    }

    /// Like [`ScimClient::try_send`], but panics without an answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        match self.try_send(request).await {
            Ok(answer) => answer,
            Err(error) => panic!("no answer from {}: {error:?}", self.base),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST of a document.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.with_body(Method::POST, path, body)).await
    }

    /// PUT of a document.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.with_body(Method::PUT, path, body)).await
    }

    /// PATCH with operations.
    pub async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": operations });
        self.send(self.with_body(Method::PATCH, path, &body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A request with a document.
    pub fn with_body(&self, method: Method, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.request(method, path).header(CONTENT_TYPE, MEDIA_TYPE).body(body.to_string())
    }

    /// Creates an active user whose name and work address are `user_name`.
    pub async fn create_user(&self, user_name: &str) -> Answer {
        self.post("/Users", &user(user_name)).await
    }

    /// Like [`ScimClient::create_user`], but panics unless the status is 201. Returns the id.
    pub async fn created(&self, user_name: &str) -> String {
        self.create_user(user_name).await.assert_status(201).id()
    }

    /// All users, page by page.
    pub async fn everybody(&self) -> Vec<Value> {
        let mut everybody = Vec::new();
        loop {
            let page = self.get(&format!("/Users?startIndex={}&count=200", everybody.len() + 1)).await;
            page.assert_status(200);
            let resources = page.body["Resources"].as_array().cloned().unwrap_or_default();
            let last = resources.is_empty();
            everybody.extend(resources);
            if last || page.body["totalResults"] == everybody.len() {
                return everybody;
            }
        }
    }

    /// The users that match a filter.
    pub async fn filter(&self, filter: &str) -> Answer {
        self.get(&format!("/Users?filter={}", encode(filter))).await
    }
}

/// A user document.
pub fn user(user_name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name,
        "emails": [{ "type": "work", "primary": true, "value": user_name }],
    })
}

/// A user document with a user type.
pub fn user_of_type(user_name: &str, user_type: &str) -> Value {
    let mut document = user(user_name);
    document["urn:ietf:params:scim:schemas:extension:usher:2.0:User"] = json!({ "userType": user_type });
    document
}

impl Answer {
    /// Fails unless the status is `expected`.
    #[track_caller]
    pub fn assert_status(&self, expected: u16) -> &Self {
        assert!(
            self.status.as_u16() == expected,
            "{}: expected {expected}, got {}\n{}",
            self.request,
            self.status,
            self.text
        );
        self
    }

    /// Fails unless this is a complete SCIM error (RFC 7644 section 3.12) with this status whose detail contains
    /// `part`.
    #[track_caller]
    pub fn assert_scim_error(&self, status: u16, part: &str) -> &Self {
        self.assert_status(status);
        assert_eq!(self.body["schemas"], json!([ERROR_SCHEMA]), "{}: {}", self.request, self.text);
        assert_eq!(self.body["status"], json!(status.to_string()), "{}: {}", self.request, self.text);
        let detail = self.body["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty(), "{}: no detail: {}", self.request, self.text);
        assert!(
            detail.to_lowercase().contains(&part.to_lowercase()),
            "{}: {part:?} is not in the detail: {detail}",
            self.request
        );
        self.assert_media_type()
    }

    /// Fails unless the SCIM error has this type.
    #[track_caller]
    pub fn assert_scim_type(&self, scim_type: &str) -> &Self {
        assert_eq!(self.body["scimType"], json!(scim_type), "{}: {}", self.request, self.text);
        self
    }

    /// Fails unless the media type is SCIM's.
    #[track_caller]
    pub fn assert_media_type(&self) -> &Self {
        let found = self.header("content-type").unwrap_or_default();
        assert!(found.starts_with(MEDIA_TYPE), "{}: content type {found:?}", self.request);
        self
    }

    /// Fails unless the member at a JSON pointer has this value. Null also means absent.
    #[track_caller]
    pub fn assert_at(&self, pointer: &str, expected: impl Into<Value>) -> &Self {
        let found = self.body.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(found, expected.into(), "{}: at {pointer} of {}", self.request, self.text);
        self
    }

    /// Fails unless a list response has this total.
    #[track_caller]
    pub fn assert_total(&self, expected: usize) -> &Self {
        self.assert_status(200).assert_media_type().assert_at("/totalResults", expected)
    }

    /// A header, if it exists.
    pub fn header(&self, name: impl TryInto<HeaderName>) -> Option<&str> {
        name.try_into().ok().and_then(|name| self.headers.get(name)).map(HeaderValue::to_str)?.ok()
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        match self.header("etag") {
            Some(etag) => etag.to_owned(),
            None => panic!("{}: no ETag", self.request),
        }
    }

    #[track_caller]
    pub fn id(&self) -> String {
        match self.body["id"].as_str() {
            Some(id) => id.to_owned(),
            None => panic!("{}: no id in {}", self.request, self.text),
        }
    }

    /// The path of the resource below the base URL: `/Users/…`.
    #[track_caller]
    pub fn path(&self) -> String {
        format!("/Users/{}", self.id())
    }
}
