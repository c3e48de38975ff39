//! Whether a token may act at a workspace's URL: from memory, or by asking tenant.

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

/// A verified token is remembered for so long at the most.
const REMEMBER: Duration = Duration::from_mins(1);
/// A refused one: long enough that noise asks tenant for little, short enough that nobody waits after a repair.
const REFUSE: Duration = Duration::from_secs(2);
/// Most tokens remembered of each kind.
const MOST: u64 = 50_000;
/// A credential that ends sooner is not used any more.
const MARGIN: SignedDuration = SignedDuration::from_millis(500);

/// SHA-256 of the workspace as the URL names it and the token: what was verified at one workspace's
/// URL says nothing about another's.
type Key = [u8; 32];

/// The memory of checks. Clones share it.
#[derive(Clone)]
pub(crate) struct Access(Arc<Inner>);

struct Inner {
    tenant: AccessClient,
    announced: Announced,
    clock: Clock,
    accepted: moka::future::Cache<Key, Arc<Verified>>,
    refused: moka::sync::Cache<Key, Arc<Failure>>,
}

/// A verified token, and what was known when its check began.
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
            accepted: moka::future::Cache::builder().max_capacity(MOST).time_to_live(REMEMBER).build(),
            refused: moka::sync::Cache::builder().max_capacity(MOST).time_to_live(REFUSE).build(),
        }))
    }

    /// Verifies a token. Requests that come together with the same token share one check.
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
            // Something was announced while the check that we shared was under way.
            inner.accepted.invalidate(&key).await;
            verified = self.check(key, workspace, token, context).await?;
        }
        Ok(verified)
    }

    /// Forgets a token whose credential another service does not accept.
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

/// What tenant says about the token; everything else says something about us. A tenant of this version answers of a plan
/// without SCIM and of a suspended workspace that people may leave only; one of the version before refuses.
fn is_refusal(reason: Reason) -> bool {
    matches!(reason, Reason::TokenInvalid | Reason::PlanWithoutScim | Reason::WorkspaceSuspended)
}

/// A token that could not be judged is neither good nor bad: an identity provider that is told 401
/// stops for good, one that is told 503 comes again.
fn unanswered(failure: &Failure) -> Arc<Failure> {
    match failure.reason {
        Reason::Unavailable | Reason::Overloaded | Reason::RateLimited | Reason::DeadlineExceeded => {}
        // Our own key or credential is refused, or a defect: somebody must act.
        reason => tracing::error!(reason = reason.name(), error = %failure, "tokens can't be checked"),
    }
    Arc::new(Failure::new(Reason::Unavailable, "the token can't be checked now; try again"))
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
