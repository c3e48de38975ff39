//! Checks whether a token is valid at a workspace's URL, from the cache or by asking tenant.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use usher_base::secret::ScimToken;
use usher_base::{Clock, Reason};
use usher_rpc::Failure;

use crate::announcements::Announced;
use crate::grpc::access::{Accepted, AccessClient};
use crate::layers::RequestContext;

/// How long a valid token stays cached.
const CACHE_TIME: Duration = Duration::from_mins(1);
/// How long a refused token stays cached: long enough to protect tenant from noise, short enough that nobody notices
/// after the token is repaired.
const REFUSAL_CACHE_TIME: Duration = Duration::from_secs(2);
/// The maximum number of cached tokens of each kind.
const MAX_CACHED_TOKENS: u64 = 50_000;
/// A credential that expires sooner than this is not used any more.
const MARGIN: SignedDuration = SignedDuration::from_millis(500);

/// SHA-256 of the workspace as the URL names it, and the token. A token that is valid at one workspace's URL says
/// nothing about another URL.
type Key = [u8; 32];

/// The cache of checks. Clones share it.
#[derive(Clone)]
pub(crate) struct Access(Arc<Inner>);

struct Inner {
    tenant: AccessClient,
    announced: Announced,
    clock: Clock,
    accepted: moka::future::Cache<Key, Arc<Verified>>,
    refused: moka::sync::Cache<Key, Arc<Failure>>,
}

/// A valid token, and the number of announcements when its check began.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) accepted: Accepted,
    announced: u64,
}

impl Access {
    pub(crate) fn new(tenant: AccessClient, announced: Announced, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            tenant,
            announced,
            clock,
            accepted: moka::future::Cache::builder()
                .max_capacity(MAX_CACHED_TOKENS)
                .time_to_live(CACHE_TIME)
                .build(),
            refused: moka::sync::Cache::builder()
                .max_capacity(MAX_CACHED_TOKENS)
                .time_to_live(REFUSAL_CACHE_TIME)
                .build(),
        }))
    }

    /// Verifies a token. Concurrent requests with the same token share one check.
    ///
    /// # Errors
    /// The token is refused (as tenant says), or tenant can't be asked (always a 503).
    pub(crate) async fn verify(
        &self,
        workspace: &str,
        token: &ScimToken,
        context: &RequestContext,
    ) -> Result<Arc<Verified>, Arc<Failure>> {
        let inner = &*self.0;
        let key = key(workspace, token);
        match inner.accepted.get(&key).await {
            Some(held) if inner.announced.is_live() && inner.is_current(&held) => return Ok(held),
            Some(_) => inner.accepted.invalidate(&key).await,
            None => {}
        }
        if let Some(refusal) = inner.refused.get(&key) {
            return Err(refusal);
        }
        let mut verified = self.check(key, workspace, token, context).await?;
        if !inner.is_current(&verified) {
            // Something was announced while the shared check was in progress.
            inner.accepted.invalidate(&key).await;
            verified = self.check(key, workspace, token, context).await?;
        }
        Ok(verified)
    }

    /// Removes a token from the cache because another service does not accept its credential.
    pub(crate) async fn forget(&self, workspace: &str, token: &ScimToken) {
        self.0.accepted.invalidate(&key(workspace, token)).await;
    }

    async fn check(
        &self,
        key: Key,
        workspace: &str,
        token: &ScimToken,
        context: &RequestContext,
    ) -> Result<Arc<Verified>, Arc<Failure>> {
        let inner = &*self.0;
        let ask = async {
            let announced = inner.announced.count();
            let accepted = inner.tenant.check(workspace, token, context).await?;
            Ok::<_, Failure>(Arc::new(Verified { accepted, announced }))
        };
        let outcome = inner.accepted.try_get_with(key, ask).await;
        let label = match &outcome {
            Ok(_) => "accepted",
            Err(failure) if is_refusal(failure.reason) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("usher_gateway_token_checks_total", "outcome" => label).increment(1);
        if let Err(failure) = &outcome
            && is_refusal(failure.reason)
        {
            inner.refused.insert(key, Arc::clone(failure));
        }
        outcome.map_err(|failure| if is_refusal(failure.reason) { failure } else { unanswered(&failure) })
    }
}

impl Inner {
    fn is_current(&self, verified: &Verified) -> bool {
        self.clock.now() + MARGIN < verified.accepted.ends_at
            && !self.announced.outdates(verified.accepted.workspace, verified.announced)
    }
}

/// Whether the error is tenant's judgement of the token; all others are about ourselves. This version of tenant
/// accepts the token of a suspended workspace, or of a plan without SCIM, for deactivations only; the previous
/// version refuses it.
fn is_refusal(reason: Reason) -> bool {
    matches!(reason, Reason::TokenInvalid | Reason::PlanWithoutScim | Reason::WorkspaceSuspended)
}

/// A token that could not be checked is neither valid nor invalid. An identity provider that gets 401 stops
/// permanently; one that gets 503 tries again.
fn unanswered(failure: &Failure) -> Arc<Failure> {
    match failure.reason {
        Reason::Unavailable | Reason::Overloaded | Reason::RateLimited | Reason::DeadlineExceeded => {}
        // Our own key or credential is refused, or there is a defect: an operator must act.
        reason => tracing::error!(reason = reason.name(), error = %failure, "can't check tokens"),
    }
    Arc::new(Failure::new(Reason::Unavailable, "the token can't be checked at present; try again"))
}

fn key(workspace: &str, token: &ScimToken) -> Key {
    Sha256::new()
        .chain_update(workspace.as_bytes())
        .chain_update([0])
        .chain_update(token.expose().as_bytes())
        .finalize()
        .into()
}

#[cfg(test)]
mod tests;
