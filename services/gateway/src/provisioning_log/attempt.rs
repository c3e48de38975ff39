//! One attempt: what was asked, and what came of it.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use http::header::LOCATION;
use http::{Method, StatusCode, Uri};
use usher_base::id::{AppId, TokenId};

use crate::caller::is_name;
use crate::kind::Kind;
use crate::layers::RequestContext;
use crate::problem::Problem;
use crate::respond::Degraded;

/// One attempt.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// Its id, or as the URL names it.
    pub(crate) workspace: String,
    /// None without a valid token.
    pub(crate) caller: Option<(AppId, TokenId)>,
    pub(crate) method: String,
    /// Below the workspace's URL.
    pub(crate) path: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) id: Option<String>,
    /// The body, where it was read and is not too large.
    pub(crate) document: Option<Arc<str>>,
    pub(crate) status: StatusCode,
    pub(crate) problem: Option<Problem>,
    /// Whether it made a user a Collaborator because no paid seat was free.
    pub(crate) degraded: bool,
    pub(crate) request_id: Arc<str>,
    pub(crate) client_request_id: Arc<str>,
    /// From 1; 0 for a request of its own.
    pub(crate) bulk_index: usize,
    pub(crate) took: Duration,
}

impl Attempt {
    /// At a workspace, about nothing yet.
    pub(crate) fn of_nothing(workspace: String) -> Self {
        Self {
            workspace,
            caller: None,
            method: String::new(),
            path: String::new(),
            kind: None,
            id: None,
            document: None,
            status: StatusCode::OK,
            problem: None,
            degraded: false,
            request_id: Arc::from(""),
            client_request_id: Arc::from(""),
            bulk_index: 0,
            took: Duration::ZERO,
        }
    }

    /// What of a request belongs into the log: a write, or a refusal. A bulk request's operations have
    /// entries of their own.
    pub(crate) fn of_request(
        context: &RequestContext,
        (method, uri): (Method, Uri),
        response: &Response,
        problem: Option<Problem>,
        took: Duration,
    ) -> Option<Self> {
        let mut segments = uri.path().strip_prefix("/scim/v2/")?.splitn(2, '/');
        let named = segments.next().filter(|name| is_name(name))?;
        let path = format!("/{}", segments.next().unwrap_or_default());
        let (kind, rest) = Kind::of_path(&path).unzip();
        let status = response.status();
        let reads = method.is_safe() || path.ends_with("/.search");
        let refused = status.is_client_error() || status.is_server_error();
        // That somebody is not there is an answer, not a refusal.
        let wanted =
            if reads { refused && status != StatusCode::NOT_FOUND } else { refused || kind.is_some() };
        if !wanted {
            return None;
        }
        let last = |location: &str| location.rsplit('/').next().unwrap_or_default().to_owned();
        let named_id = rest.map(|rest| rest.trim_matches('/')).filter(|id| !id.is_empty() && !reads);
        let id = named_id
            .map(str::to_owned)
            .or_else(|| Some(last(response.headers().get(LOCATION)?.to_str().ok()?)));
        let caller = context.caller();
        Some(Self {
            workspace: caller.map_or_else(|| named.to_owned(), |(workspace, ..)| workspace.to_string()),
            caller: caller.map(|(_, app, token)| (app, token)),
            method: method.to_string(),
            path,
            kind,
            id,
            document: context.document().filter(|_| kind.is_some()),
            status,
            problem,
            degraded: response.extensions().get::<Degraded>().is_some(),
            request_id: Arc::clone(&context.id),
            client_request_id: Arc::clone(&context.client_request_id),
            bulk_index: 0,
            took,
        })
    }
}
