//! The policies of workspaces from tenant, cached by version.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use tonic::transport::Channel;
use usher_base::domain::DomainName;
use usher_base::id::{AppId, WorkspaceId};
use usher_base::{Reason, TenantScope};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::policy_service_client::PolicyServiceClient;
use usher_rpc::convert::InvalidArgument;
use usher_rpc::{Failure, Outgoing, ServiceCredential, cap_of_wire, required_enum};
use usher_seats::{AtLimit, Cap};
use usher_store::Database;

use crate::error::IdentityError;
use crate::store::limits;

/// The maximum age of a policy for callers whose credential names no version.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

/// What decides whether a write in a workspace is permitted.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) version: i64,
    /// The workspace's name for people.
    pub(crate) slug: String,
    /// The domains whose people may be provisioned; `None` means all.
    pub(crate) approved_domains: Option<BTreeSet<DomainName>>,
    /// The maximum number of paid seats in the plan.
    pub(crate) seat_limit: Option<i64>,
    /// Most free seats that it gives.
    pub(crate) collaborators: Option<Cap>,
    /// What happens beyond.
    pub(crate) at_limit: AtLimit,
}

/// Fetches and remembers policies. What they say of seats is stored before anything is judged by them.
#[derive(Clone)]
pub(crate) struct Policies {
    database: Database,
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
    pub(crate) fn new(database: Database, channel: Channel, credential: ServiceCredential) -> Self {
        Self { database, client: PolicyServiceClient::new(channel), credential, known: Cache::new(100_000) }
    }

    /// The policy for a call, at least in the version that the caller's credential names. Without a policy no write
    /// is possible.
    pub(crate) async fn get(&self, scope: &TenantScope) -> Result<Arc<Policy>, IdentityError> {
        let (ctx, workspace) = (scope.ctx(), scope.workspace_id());
        let known = self.known.get(&workspace).await;
        if let Some(known) = &known {
            let current = match ctx.credential().policy_version() {
                Some(version) => known.policy.version >= version,
                None => ctx.now().duration_since(known.read_at) < FRESH,
            };
            if current {
                return Ok(Arc::clone(&known.policy));
            }
        }
        let read_at = ctx.now();
        let policy = Arc::new(self.fetch(scope).await.map_err(IdentityError::Policy)?);
        if known.is_none_or(|known| known.policy.version < policy.version) {
            limits::take_plan(&self.database.scoped(scope), &policy).await?;
        }
        self.known.insert(workspace, Known { policy: Arc::clone(&policy), read_at }).await;
        Ok(policy)
    }

    /// Whether the workspace has an app. Never cached, because resources that are transferred to an unknown app could
    /// not be transferred back.
    pub(crate) async fn has_app(&self, scope: &TenantScope, app: AppId) -> Result<bool, IdentityError> {
        let asked = async {
            let credential = self.credential.current().await?;
            let message = pb::HasAppRequest { app_id: app.to_string() };
            let request = outgoing(scope, &credential).request(message);
            Ok::<_, Failure>(self.client.clone().has_app(request).await?.into_inner().found)
        };
        asked.await.map_err(IdentityError::Apps)
    }

    async fn fetch(&self, scope: &TenantScope) -> Result<Policy, Failure> {
        let credential = self.credential.current().await?;
        let request = outgoing(scope, &credential).request(pb::GetPolicyRequest {});
        let answer = self.client.clone().get_policy(request).await?;
        let policy = answer.into_inner().policy.unwrap_or_default();
        // A domain that does not parse here approves nobody.
        let domains =
            || policy.approved_domains.iter().filter_map(|name| DomainName::parse(name).ok()).collect();
        Ok(Policy {
            version: policy.version,
            approved_domains: policy.enforce_domains.then(domains),
            seat_limit: policy.seat_limit,
            collaborators: policy
                .collaborator_cap
                .map(|cap| cap_of_wire("collaborator_cap", cap))
                .transpose()
                .map_err(unreadable)?,
            at_limit: required_enum("at_limit", policy.at_limit).map_err(unreadable)?,
            slug: policy.workspace_slug,
        })
    }
}

/// A policy that can't be read decides nothing: there is no write without one.
#[expect(clippy::needless_pass_by_value, reason = "it maps errors, which come by value")]
fn unreadable(fault: InvalidArgument) -> Failure {
    Failure::new(Reason::Internal, format!("tenant's policy can't be read: {fault}"))
}

/// A question to tenant for a call, with identity's own credential.
fn outgoing<'a>(scope: &'a TenantScope, credential: &'a str) -> Outgoing<'a> {
    Outgoing {
        credential,
        workspace: Some(scope.workspace_id()),
        request_id: scope.request_id(),
        trace: Some(scope.ctx().trace()),
        timeout: Duration::from_secs(3),
    }
}
