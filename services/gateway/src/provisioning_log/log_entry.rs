//! One entry: a request and its outcome.

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

/// A request of an identity provider, or one operation of a bulk request, and its outcome.
#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    /// The workspace's id, or its name in the URL.
    pub(crate) workspace: String,
    /// `None` without a valid token.
    pub(crate) caller: Option<(AppId, TokenId)>,
    pub(crate) method: String,
    /// The path below the workspace's URL.
    pub(crate) path: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) id: Option<String>,
    /// The body, if it was read and is not too large.
    pub(crate) document: Option<Arc<str>>,
    pub(crate) status: StatusCode,
    pub(crate) problem: Option<Problem>,
    /// Whether the write made a user a Collaborator because no paid seat was free.
    pub(crate) degraded: bool,
    pub(crate) request_id: Arc<str>,
    pub(crate) client_request_id: Arc<str>,
    /// The operation's position in a bulk request, from 1; 0 for other requests.
    pub(crate) bulk_index: usize,
    pub(crate) took: Duration,
}

impl LogEntry {
    /// An empty entry of a workspace.
    pub(crate) fn empty(workspace: String) -> Self {
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

    /// The entry for a request, if it belongs in the log: a write or a refusal. The operations of a bulk request have
    /// their own entries.
    pub(crate) fn from_request(
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
        // A read of something that does not exist is a normal answer, not a refusal.
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
