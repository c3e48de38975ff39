//! Finds workspaces by slug.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tonic::transport::Channel;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;

use crate::{Failure, Outgoing, ServiceCredential};

/// The maximum number of cached slugs. A slug never changes its workspace, so entries do not expire.
const REMEMBERED: u64 = 10_000;
/// How long an unknown slug stays cached. A workspace may be created with it.
const ABSENT: Duration = Duration::from_secs(2);
/// The maximum time that tenant may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The workspace of a slug, or `None`.
pub type SlugLookup<'a> = Pin<Box<dyn Future<Output = Result<Option<WorkspaceId>, Failure>> + Send + 'a>>;

/// Finds workspaces by slug.
pub trait Slugs: Send + Sync + 'static {
    /// Finds the workspace of a slug.
    fn find<'a>(&'a self, slug: &'a str, request_id: &'a str) -> SlugLookup<'a>;
}

/// Looks slugs up in tenant. Clones share the cache.
#[derive(Clone, Debug)]
pub struct TenantSlugs {
    client: WorkspaceServiceClient<Channel>,
    credential: ServiceCredential,
    known: Cache<Arc<str>, WorkspaceId>,
    absent: Cache<Arc<str>, ()>,
}

impl TenantSlugs {
    /// Asks tenant over `channel` with the service's own credential.
    pub fn new(channel: Channel, credential: ServiceCredential) -> Self {
        Self {
            client: WorkspaceServiceClient::new(channel),
            credential,
            known: Cache::new(REMEMBERED),
            absent: Cache::builder().max_capacity(REMEMBERED).time_to_live(ABSENT).build(),
        }
    }

    async fn ask(&self, slug: &str, request_id: &str) -> Result<Option<WorkspaceId>, Failure> {
        let credential = self.credential.current().await?;
        let outgoing =
            Outgoing { credential: &credential, workspace: None, request_id, trace: None, timeout: TIMEOUT };
        let request = outgoing.request(pb::ResolveWorkspaceRequest { slug: slug.to_owned() });
        match self.client.clone().resolve_workspace(request).await.map_err(Failure::from) {
            Ok(answer) => {
                let id = answer.into_inner().id.parse();
                id.map(Some)
                    .map_err(|_| Failure::new(Reason::Internal, "tenant sent a workspace without an id"))
            }
            Err(failure) if failure.reason == Reason::NotFound => Ok(None),
            // A problem with the service's own credential does not concern its caller.
            Err(failure) => Err(Failure::new(Reason::Unavailable, failure.message)),
        }
    }
}

impl Slugs for TenantSlugs {
    fn find<'a>(&'a self, slug: &'a str, request_id: &'a str) -> SlugLookup<'a> {
        Box::pin(async move {
            if let Some(id) = self.known.get(slug) {
                return Ok(Some(id));
            }
            if self.absent.contains_key(slug) {
                return Ok(None);
            }
            let found = self.ask(slug, request_id).await?;
            match found {
                Some(id) => self.known.insert(slug.into(), id),
                None => self.absent.insert(slug.into(), ()),
            }
            Ok(found)
        })
    }
}

/// A service without a service key can't ask tenant.
impl<S: Slugs> Slugs for Option<S> {
    fn find<'a>(&'a self, slug: &'a str, request_id: &'a str) -> SlugLookup<'a> {
        match self {
            Some(slugs) => slugs.find(slug, request_id),
            None => Box::pin(std::future::ready(Err(Failure::new(
                Reason::FailedPrecondition,
                "this service has no service key to look up slugs with; use the workspace's id",
            )))),
        }
    }
}
