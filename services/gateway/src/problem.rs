//! Errors as SCIM clients see them (RFC 7644 section 3.12).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use usher_base::{Fault, Reason, chain};
use usher_rpc::Failure;
use usher_scim::{ScimError, error::error_body};

/// The error of a request. The response has no body at first; the outermost layer, which knows the request's id,
/// writes it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) scim_type: Option<&'static str>,
    /// For the client's admin: what is wrong, and what to change.
    pub(crate) detail: String,
    /// For the log.
    pub(crate) reason: &'static str,
    /// For the log, if a call to another service failed and the client is not at fault.
    pub(crate) cause: Option<Box<Failure>>,
    challenge: Option<&'static str>,
    retry_after_secs: Option<u64>,
}

impl Problem {
    /// The error for a reason, which decides the codes.
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

    /// An error that exists only in HTTP.
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

    /// A 401 with a challenge (RFC 6750 section 3).
    pub(crate) fn unauthorized(reason: Reason, detail: impl Into<String>) -> Self {
        let challenge = match reason {
            Reason::CredentialMissing => "Bearer realm=\"scim\"",
            _ => "Bearer realm=\"scim\", error=\"invalid_token\"",
        };
        Self { challenge: Some(challenge), ..Self::new(reason, detail) }
    }

    /// A 429 for an exceeded rate limit.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self {
            retry_after_secs: Some(seconds.max(1)),
            ..Self::new(
                Reason::RateLimited,
                "this workspace exceeds its rate limit; wait as long as Retry-After says",
            )
        }
    }

    /// A 429 for too many concurrent requests.
    pub(crate) fn crowded() -> Self {
        Self::new(
            Reason::RateLimited,
            "this workspace has too many requests in progress at once; wait as long as Retry-After says",
        )
    }

    /// A 404 for a URL without an endpoint.
    pub(crate) fn no_such_endpoint() -> Self {
        Self::new(
            Reason::NotFound,
            "there is no endpoint at this URL; the tenant URL is https://<host>/scim/v2/<workspace>, and \
             below it are /Users, /Groups, /Bulk, /ServiceProviderConfig, /ResourceTypes and /Schemas",
        )
    }

    /// Sets another `scimType`.
    pub(crate) fn called(self, scim_type: &'static str) -> Self {
        Self { scim_type: Some(scim_type), ..self }
    }

    /// The text for the log, including the causes.
    pub(crate) fn chain(&self) -> String {
        match &self.cause {
            Some(failure) => format!("{}: {}", failure.reason.name(), chain(failure.as_ref())),
            None => self.detail.clone(),
        }
    }

    /// The text for the client's admin. An internal error includes the request's id, which can be searched in the
    /// log.
    pub(crate) fn detail_for(&self, request_id: &str) -> String {
        let defect = self.status.is_server_error() && self.status != StatusCode::NOT_IMPLEMENTED;
        if defect { format!("{} (request {request_id})", self.detail) } else { self.detail.clone() }
    }

    /// The body: always JSON, with `status` as a string.
    pub(crate) fn body(&self, request_id: &str) -> String {
        error_body(self.status.as_u16(), self.scim_type, &self.detail_for(request_id)).to_string()
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
                "the token is not valid for this workspace: it is unknown, revoked or expired, or the \
                 tenant URL is another workspace's; create a token under API in the workspace's settings",
            ),
            // The gateway's own credential does not concern the client.
            Reason::CredentialMissing
            | Reason::CredentialInvalid
            | Reason::CredentialExpired
            | Reason::CredentialAudience => {
                Self::new(Reason::Unavailable, "a part of Usher is unavailable; try again")
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
