//! What tenant says about a workspace, remembered by version.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use tonic::transport::Channel;
use usher_base::CallContext;
use usher_base::domain::DomainName;
use usher_base::id::WorkspaceId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::policy_service_client::PolicyServiceClient;
use usher_rpc::{Failure, Outgoing, ServiceCredential};

use crate::error::IdentityError;

/// How old a policy may be that a caller judges by whose credential names no version.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

/// What decides about writes in a workspace.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) version: i64,
    /// The workspace's name for people.
    pub(crate) slug: String,
    /// Whose people get in; none means everybody's.
    pub(crate) approved_domains: Option<BTreeSet<DomainName>>,
    /// Most paid seats, where more are refused.
    pub(crate) seat_limit: Option<i64>,
}

/// Fetches and remembers policies.
#[derive(Clone)]
pub(crate) struct Policies {
    client: PolicyServiceClient<Channel>,
    credential: ServiceCredential,
    known: Cache<WorkspaceId, Known>,
}

#[derive(Clone)]
struct Known {
    policy: Arc<Policy>,
    read_at: Timestamp,
}

impl Policies {
    pub(crate) fn new(channel: Channel, credential: ServiceCredential) -> Self {
        Self { client: PolicyServiceClient::new(channel), credential, known: Cache::new(100_000) }
    }

    /// The policy for a call: at least as new as the caller's credential says it is. There is no
    /// write without one.
    pub(crate) async fn get(&self, ctx: &CallContext) -> Result<Arc<Policy>, IdentityError> {
        let workspace = ctx.scope()?.workspace_id();
        if let Some(known) = self.known.get(&workspace).await {
            let current = match ctx.credential().policy_version() {
                Some(version) => known.policy.version >= version,
                None => ctx.now().duration_since(known.read_at) < FRESH,
            };
            if current {
                return Ok(known.policy);
            }
        }
        let read_at = ctx.now();
        let policy = Arc::new(self.fetch(ctx, workspace).await.map_err(IdentityError::Policy)?);
        self.known.insert(workspace, Known { policy: Arc::clone(&policy), read_at }).await;
        Ok(policy)
    }

    async fn fetch(&self, ctx: &CallContext, workspace: WorkspaceId) -> Result<Policy, Failure> {
        let credential = self.credential.current().await?;
        let outgoing = Outgoing {
            credential: &credential,
            workspace: Some(workspace),
            request_id: ctx.request_id(),
            trace: Some(ctx.trace()),
            timeout: Duration::from_secs(3),
        };
        let answer = self.client.clone().get_policy(outgoing.request(pb::GetPolicyRequest {})).await?;
        let policy = answer.into_inner().policy.unwrap_or_default();
        let blocks = policy.seat_policy() == pb::SeatPolicy::Block;
        // A domain that does not parse here approves nobody.
        let domains =
            || policy.approved_domains.iter().filter_map(|name| DomainName::parse(name).ok()).collect();
        Ok(Policy {
            version: policy.version,
            approved_domains: policy.enforce_domains.then(domains),
            seat_limit: policy.seat_limit.filter(|_| blocks),
            slug: policy.workspace_slug,
        })
    }
}
