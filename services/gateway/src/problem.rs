//! An error as a SCIM client sees it (RFC 7644 section 3.12).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use usher_base::{Fault, Reason, chain};
use usher_rpc::Failure;
use usher_scim::{ScimError, error::error_body};

/// What went wrong with a request. As a response it is empty; the outermost layer writes the body,
/// where the request's id is known.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) scim_type: Option<&'static str>,
    /// For the client's admin: what is wrong and what to change.
    pub(crate) detail: String,
    /// For the log.
    pub(crate) reason: &'static str,
    /// For the log, where a call to another service failed and that is not the client's fault.
    pub(crate) cause: Option<Box<Failure>>,
    challenge: Option<&'static str>,
    retry_after_secs: Option<u64>,
}

impl Problem {
    /// By its reason alone.
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        let row = reason.row();
        Self {
            status: StatusCode::from_u16(row.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            scim_type: row.scim_type,
            detail: detail.into(),
            reason: row.name,
            cause: None,
            challenge: None,
            retry_after_secs: row.retryable.then_some(1),
        }
    }

    /// For what only HTTP knows.
    pub(crate) fn http(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
            reason,
            cause: None,
            challenge: None,
            retry_after_secs: None,
        }
    }

    /// 401 with the challenge (RFC 6750 section 3).
    pub(crate) fn unauthorized(reason: Reason, detail: impl Into<String>) -> Self {
        let challenge = match reason {
            Reason::CredentialMissing => "Bearer realm=\"scim\"",
            _ => "Bearer realm=\"scim\", error=\"invalid_token\"",
        };
        Self { challenge: Some(challenge), ..Self::new(reason, detail) }
    }

    /// 429
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self {
            retry_after_secs: Some(seconds.max(1)),
            ..Self::new(
                Reason::RateLimited,
                "this workspace sends more requests than its limit allows; wait as long as Retry-After says",
            )
        }
    }

    /// 429 where it is not the rate but what is under way.
    pub(crate) fn crowded() -> Self {
        Self::new(
            Reason::RateLimited,
            "this workspace has more requests under way than are worked on at once; wait as long as Retry-After says",
        )
    }

    /// 404 for a URL that leads nowhere.
    pub(crate) fn no_such_endpoint() -> Self {
        Self::new(
            Reason::NotFound,
            "there is nothing at this URL; the tenant URL is https://<host>/scim/v2/<workspace>, and below it \
             are /Users, /Groups, /Bulk, /ServiceProviderConfig, /ResourceTypes and /Schemas",
        )
    }

    /// With a `scimType` of its own.
    pub(crate) fn called(self, scim_type: &'static str) -> Self {
        Self { scim_type: Some(scim_type), ..self }
    }

    /// What the log is told: the causes as well.
    pub(crate) fn chain(&self) -> String {
        match &self.cause {
            Some(failure) => format!("{}: {}", failure.reason.name(), chain(failure.as_ref())),
            None => self.detail.clone(),
        }
    }

    /// What the client's admin is told. A defect names the request, which finds it in the log.
    pub(crate) fn told(&self, request_id: &str) -> String {
        let defect = self.status.is_server_error() && self.status != StatusCode::NOT_IMPLEMENTED;
        if defect { format!("{} (request {request_id})", self.detail) } else { self.detail.clone() }
    }

    /// The body: always JSON, `status` a string.
    pub(crate) fn body(&self, request_id: &str) -> String {
        error_body(self.status.as_u16(), self.scim_type, &self.told(request_id)).to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after_secs {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        let problem = match failure.reason {
            Reason::TokenInvalid => Self::unauthorized(
                failure.reason,
                "the token is not valid for this workspace: it is unknown, revoked or expired, or the tenant URL \
                 is another workspace's; create a token under API in the workspace's settings",
            ),
            // The gateway's credential is not the client's business.
            Reason::CredentialMissing
            | Reason::CredentialInvalid
            | Reason::CredentialExpired
            | Reason::CredentialAudience => {
                Self::new(Reason::Unavailable, "a part of Usher does not answer; try again")
            }
            reason => Self::new(reason, failure.message()),
        };
        let cause = problem.status.is_server_error().then(|| Box::new(failure.clone()));
        Self { cause, ..problem }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::from(&failure)
    }
}

impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            scim_type: Some(error.scim_type.as_str()),
            reason: error.scim_type.as_str(),
            detail: error.detail,
            cause: None,
            challenge: None,
            retry_after_secs: None,
        }
    }
}
