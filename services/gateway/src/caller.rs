//! The caller of a request. Extracting this type authenticates the request.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Path};
use http::Method;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::Deserialize;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_base::secret::ScimToken;
use usher_rpc::{Failure, Outgoing};
use usher_scim::Profile;

use crate::access::Verified;
use crate::gateway::Gateway;
use crate::grpc::access::Accepted;
use crate::layers::RequestContext;
use crate::leaving::{self, Condition};
use crate::problem::Problem;
use crate::provisioning_log::LogEntry;
use crate::slots::{Work, comes_with_body};

/// A client whose token is valid at the workspace's URL, and which is within its rate limit.
pub(crate) struct Caller {
    verified: Arc<Verified>,
    token: ScimToken,
    /// The workspace as the URL names it.
    workspace: String,
    context: RequestContext,
    /// If only deactivations are permitted: the answer to all other requests.
    refusal: Option<Problem>,
    /// If the rate limit is exceeded, and only deactivations may use the reserve: the answer to all other requests.
    beyond_rate: Option<Problem>,
    /// `https://host/scim/v2/workspace`, as the client knows it.
    pub(crate) base: String,
    /// The dialect in which its requests are read.
    pub(crate) profile: Profile,
    /// Whether its `externalId` values are never given to another person.
    pub(crate) external_id_stable: bool,
}

#[derive(Deserialize)]
struct Workspace {
    workspace: String,
}

impl FromRequestParts<Gateway> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Problem> {
        // Checked before any I/O: the form of the token and of the workspace's name.
        let token = bearer(parts)?;
        let Path(Workspace { workspace }) =
            Path::from_request_parts(parts, gateway).await.map_err(|_| Problem::no_such_endpoint())?;
        if !is_name(&workspace) {
            return Err(Problem::from(Failure::new(Reason::TokenInvalid, "no such workspace")));
        }
        let context = parts
            .extensions
            .get::<RequestContext>()
            .cloned()
            .ok_or_else(|| Problem::new(Reason::Internal, "the request has no context"))?;
        let verified = gateway
            .access
            .verify(&workspace, &token, &context)
            .await
            .map_err(|failure| Problem::from(&*failure))?;
        let id = verified.accepted.workspace;
        context.note_caller(&verified.accepted);
        tracing::Span::current().record("workspace", tracing::field::display(id));
        let within_rate = match parts.method {
            Method::PUT | Method::PATCH | Method::DELETE => gateway.rate.take_change(id),
            _ => gateway.rate.take(id),
        };
        let beyond_rate = within_rate.err().map(Problem::rate_limited);
        if let Some(limited) = &beyond_rate
            && !(leaving::may_be_leaving(parts) && gateway.rate.take_look(id))
        {
            return Err(limited.clone());
        }
        let refusal = verified.accepted.leaving_only.as_ref().map(Problem::from);
        if let Some(refusal) = &refusal
            && !leaving::may_let_leave(parts)
        {
            return Err(refusal.clone());
        }
        let admission = gateway.slots.admit(id);
        if comes_with_body(&parts.method) {
            parts.extensions.insert(admission);
        } else {
            context.keep_slot(admission.slot(Work::from_parts(parts)).await?);
        }
        let base = gateway.locations.base(&parts.headers, &parts.uri, &workspace);
        let Accepted { profile, external_id_stable, .. } = verified.accepted;
        Ok(Self {
            verified,
            token,
            workspace,
            context,
            refusal,
            beyond_rate,
            base,
            profile,
            external_id_stable,
        })
    }
}

impl Caller {
    /// The metadata of a call on the caller's behalf.
    pub(crate) fn call(&self) -> Outgoing<'_> {
        Outgoing {
            credential: &self.verified.accepted.credential,
            workspace: None,
            request_id: &self.context.id,
            trace: Some(self.context.trace),
            timeout: self.context.time_left(),
        }
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.context.id
    }

    /// An empty entry for the provisioning log.
    pub(crate) fn log_entry(&self) -> LogEntry {
        let Accepted { workspace, app, token, .. } = self.verified.accepted;
        LogEntry {
            caller: Some((app, token)),
            request_id: Arc::clone(&self.context.id),
            client_request_id: Arc::clone(&self.context.client_request_id),
            ..LogEntry::empty(workspace.to_string())
        }
    }

    /// The workspace that the token belongs to.
    pub(crate) fn workspace(&self) -> WorkspaceId {
        self.verified.accepted.workspace
    }

    /// The condition for a write to an existing resource. If the rate limit is exceeded, only requests that seem to
    /// deactivate somebody may use the reserve.
    ///
    /// # Errors
    /// The rate limit is exceeded.
    pub(crate) fn condition(
        &self,
        gateway: &Gateway,
        versions: Vec<i64>,
        seems_to_leave: impl FnOnce() -> bool,
    ) -> Result<Condition, Problem> {
        let Some(limited) = &self.beyond_rate else {
            return Ok(Condition { versions, refusal: self.refusal.clone() });
        };
        if seems_to_leave() && gateway.rate.take_leaving(self.workspace()) {
            return Ok(Condition { versions, refusal: Some(limited.clone()) });
        }
        Err(limited.clone())
    }

    /// How long the client still waits.
    pub(crate) fn time_left(&self) -> Duration {
        self.context.time_left()
    }

    /// The outcome of a write. If it had to deactivate somebody and did not, the error is the refusal.
    pub(crate) async fn check_write_outcome<T>(
        &self,
        gateway: &Gateway,
        refusal: Option<Problem>,
        outcome: Result<T, Failure>,
    ) -> Result<T, Problem> {
        match (refusal, outcome) {
            (Some(refusal), Err(failure)) if failure.reason == Reason::PermissionDenied => Err(refusal),
            (_, outcome) => self.check_outcome(gateway, outcome).await,
        }
    }

    /// The outcome of a call. If a service no longer accepts the credential, it is removed from the cache, so that
    /// the client's next request gets a new one.
    pub(crate) async fn check_outcome<T>(
        &self,
        gateway: &Gateway,
        outcome: Result<T, Failure>,
    ) -> Result<T, Problem> {
        let failure = match outcome {
            Ok(made) => return Ok(made),
            Err(failure) => failure,
        };
        if matches!(failure.reason, Reason::CredentialInvalid | Reason::CredentialExpired) {
            gateway.access.forget(&self.workspace, &self.token).await;
        }
        if failure.reason == Reason::PermissionDenied
            && let Some(refusal) = &self.refusal
        {
            return Err(refusal.clone());
        }
        Err(failure.into())
    }
}

fn bearer(parts: &Parts) -> Result<ScimToken, Problem> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let missing =
        "send the workspace's SCIM token as \"Authorization: Bearer …\" (in Entra ID: Secret Token)";
    let header = headers.next().ok_or_else(|| Problem::unauthorized(Reason::CredentialMissing, missing))?;
    let malformed = |detail: &str| Problem::unauthorized(Reason::TokenInvalid, detail);
    if headers.next().is_some() {
        return Err(malformed("there is more than one Authorization header"));
    }
    let (scheme, token) =
        header.to_str().ok().and_then(|value| value.trim().split_once(' ')).ok_or_else(|| {
            malformed("the Authorization header does not consist of \"Bearer\" and a token")
        })?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed("the Authorization header must use the Bearer scheme"));
    }
    ScimToken::parse(token.trim()).map_err(|_| {
        malformed(
            "the token is incomplete or mistyped: an Usher token begins with ush_; copy it again, or create a \
             new one under API in the workspace's settings",
        )
    })
}

/// Whether a text can be a slug or an id. Others are not looked up.
pub(crate) fn is_name(workspace: &str) -> bool {
    (1..=64).contains(&workspace.len())
        && workspace.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(value: Option<&str>) -> (u16, String, bool) {
        let mut request = http::Request::builder();
        if let Some(value) = value {
            request = request.header(AUTHORIZATION, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let problem = bearer(&parts).unwrap_err();
        let detail = problem.detail.clone();
        let response = axum::response::IntoResponse::into_response(problem);
        let challenged = response.headers().contains_key(http::header::WWW_AUTHENTICATE);
        (response.status().as_u16(), detail, challenged)
    }

    #[test]
    fn an_impossible_token_is_refused_with_a_challenge_that_says_why() {
        let valid = ScimToken::generate();
        let mistyped = format!("Bearer {}x", valid.expose());
        for (value, word) in [
            (None, "Secret Token"),
            (Some("Bearer"), "Bearer"),
            (Some("Basic YTpi"), "Bearer scheme"),
            (Some("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"), "ush_"),
            (Some(mistyped.as_str()), "mistyped"),
        ] {
            let (status, detail, challenged) = refused(value);
            assert_eq!(status, 401);
            assert!(detail.contains(word), "{value:?}: {detail}");
            assert!(challenged);
        }
    }

    #[test]
    fn the_scheme_is_compared_without_case() {
        let token = ScimToken::generate();
        let request = http::Request::builder().header(AUTHORIZATION, format!("bearer  {}", token.expose()));
        let (parts, ()) = request.body(()).unwrap().into_parts();

        assert_eq!(bearer(&parts).unwrap(), token);
    }

    #[test]
    fn names_of_workspaces_are_plain() {
        assert!(is_name("acme") && is_name("0197a6a4-0000-7000-8000-000000000000"));
        for odd in ["", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(!is_name(odd), "{odd}");
        }
    }
}
