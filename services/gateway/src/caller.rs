//! Who calls: asking for this type is the authentication.

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
use crate::places::{Work, comes_with_body};
use crate::problem::Problem;
use crate::provisioning_log::Attempt;

/// A client whose token was verified at the workspace's URL that it called, within its rate.
pub(crate) struct Caller {
    verified: Arc<Verified>,
    token: ScimToken,
    /// As the URL names it.
    workspace: String,
    context: RequestContext,
    /// Where people may leave and nothing else, the answer to everything else.
    refusal: Option<Problem>,
    /// Beyond the rate, where there is a little left for who leaves: the answer to everything else.
    beyond_rate: Option<Problem>,
    /// `https://host/scim/v2/workspace`, as the client knows it.
    pub(crate) base: String,
    /// How it is read.
    pub(crate) profile: Profile,
    /// Whether its `externalId` never goes to another person.
    pub(crate) external_id_stable: bool,
}

#[derive(Deserialize)]
struct Workspace {
    workspace: String,
}

impl FromRequestParts<Gateway> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Problem> {
        // Before any I/O: a header that can't be a token, a name that can't be a workspace.
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
        let admission = gateway.places.admit(id);
        if comes_with_body(&parts.method) {
            parts.extensions.insert(admission);
        } else {
            context.keep_place(admission.place(Work::of(parts)).await?);
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
    /// What goes along with a call on the caller's behalf.
    pub(crate) fn call(&self) -> Outgoing<'_> {
        Outgoing {
            credential: &self.verified.accepted.credential,
            workspace: None,
            request_id: &self.context.id,
            trace: Some(self.context.trace),
            timeout: self.context.time_left(),
        }
    }

    /// The request's id.
    pub(crate) fn request_id(&self) -> &str {
        &self.context.id
    }

    /// An entry of the provisioning log about nothing yet.
    pub(crate) fn attempt(&self) -> Attempt {
        let Accepted { workspace, app, token, .. } = self.verified.accepted;
        Attempt {
            caller: Some((app, token)),
            request_id: Arc::clone(&self.context.id),
            client_request_id: Arc::clone(&self.context.client_request_id),
            ..Attempt::of_nothing(workspace.to_string())
        }
    }

    /// The workspace that the token is of.
    pub(crate) fn workspace(&self) -> WorkspaceId {
        self.verified.accepted.workspace
    }

    /// What must hold for a write of somebody who is there. Beyond the rate there is a little left for those by which
    /// somebody seems to leave.
    ///
    /// # Errors
    /// The rate is used up.
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

    /// What came of a write: where somebody had to leave by it and did not, its refusal.
    pub(crate) async fn settle_write<T>(
        &self,
        gateway: &Gateway,
        refusal: Option<Problem>,
        outcome: Result<T, Failure>,
    ) -> Result<T, Problem> {
        match (refusal, outcome) {
            (Some(refusal), Err(failure)) if failure.reason == Reason::PermissionDenied => Err(refusal),
            (_, outcome) => self.settle(gateway, outcome).await,
        }
    }

    /// What came of a call. A credential that a service does not accept any more is forgotten, so that
    /// the client's next attempt gets a new one.
    pub(crate) async fn settle<T>(
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
    let (scheme, token) = header
        .to_str()
        .ok()
        .and_then(|value| value.trim().split_once(' '))
        .ok_or_else(|| malformed("the Authorization header is not \"Bearer\" and a token"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed("the Authorization header must be of the Bearer scheme"));
    }
    ScimToken::parse(token.trim()).map_err(|_| {
        malformed(
            "the token is incomplete or mistyped: an Usher token begins with ush_; copy it again, or create a \
             new one under API in the workspace's settings",
        )
    })
}

/// A slug or an id; what is neither is not looked up.
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
    fn what_can_be_no_token_is_refused_with_a_challenge_that_says_why() {
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
