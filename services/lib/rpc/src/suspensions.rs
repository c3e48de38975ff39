//! Ends the streams that watch a workspace when it is suspended.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tonic::transport::Channel;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::policy_service_client::PolicyServiceClient;

use crate::{Failure, Outgoing, ServiceCredential, Tasks};

/// How often to ask tenant about the watched workspaces.
const POLL: Duration = Duration::from_millis(500);
/// The maximum time that tenant may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum number of workspaces per query, which tenant limits.
const PAGE: usize = 1_000;

/// Completes when the workspace is suspended.
pub(crate) type Suspended = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Asks tenant which of the watched workspaces are suspended, in one call for all of them. Clones are the same.
#[derive(Clone, Debug)]
pub struct Suspensions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: PolicyServiceClient<Channel>,
    credential: ServiceCredential,
    /// Whether each watched workspace is suspended. A workspace without watchers is removed.
    watched: Mutex<HashMap<WorkspaceId, watch::Sender<bool>>>,
}

impl Suspensions {
    /// Asks tenant over `channel` with the service's own credential.
    pub fn new(channel: Channel, credential: ServiceCredential) -> Self {
        let client = PolicyServiceClient::new(channel);
        Self(Arc::new(Inner { client, credential, watched: Mutex::default() }))
    }

    /// Admits a stream about a workspace, and returns a future that completes when it is suspended.
    ///
    /// # Errors
    /// The workspace is suspended, or tenant can't be asked.
    pub(crate) async fn admit(&self, workspace: WorkspaceId, request_id: &str) -> Result<Suspended, Failure> {
        // Registered before tenant is asked, so that no suspension is missed in between.
        let mut standing =
            self.watched().entry(workspace).or_insert_with(|| watch::channel(false).0).subscribe();
        if !self.ask(&[workspace], request_id).await?.is_empty() {
            return Err(suspended());
        }
        // An earlier suspension has ended, as the next poll would find.
        if let Some(watched) = self.watched().get(&workspace) {
            watched.send_replace(false);
        }
        Ok(Box::pin(async move {
            if standing.wait_for(|suspended| *suspended).await.is_err() {
                std::future::pending::<()>().await;
            }
        }))
    }

    /// Polls until shutdown begins. While tenant is unavailable, streams continue; they end with their credentials.
    pub(crate) async fn run(self, tasks: Tasks) {
        let mut told = false;
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            let outcome = tokio::select! {
                () = tasks.stopping() => return,
                outcome = self.check() => outcome,
            };
            match outcome {
                Ok(()) => told = false,
                Err(failure) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(
                            reason = failure.message,
                            "can't ask tenant which workspaces are suspended; streams end with their \
                             credentials"
                        );
                    }
                }
            }
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        let watched: Vec<WorkspaceId> = {
            let mut watched = self.watched();
            watched.retain(|_, standing| standing.receiver_count() > 0);
            watched.keys().copied().collect()
        };
        for some in watched.chunks(PAGE) {
            let suspended = self.ask(some, "suspensions").await?;
            let watched = self.watched();
            for workspace in some {
                if let Some(standing) = watched.get(workspace) {
                    let now = suspended.contains(workspace);
                    standing.send_if_modified(|before| std::mem::replace(before, now) != now);
                }
            }
        }
        Ok(())
    }

    /// Returns which of the workspaces are suspended.
    async fn ask(&self, workspaces: &[WorkspaceId], request_id: &str) -> Result<Vec<WorkspaceId>, Failure> {
        let credential = self.0.credential.current().await.map_err(away)?;
        let outgoing =
            Outgoing { credential: &credential, workspace: None, request_id, trace: None, timeout: TIMEOUT };
        let workspace_ids = workspaces.iter().map(ToString::to_string).collect();
        let request = outgoing.request(pb::ListSuspendedRequest { workspace_ids });
        let answer = self.0.client.clone().list_suspended(request).await.map_err(Failure::from);
        let suspended = answer.map_err(away)?.into_inner().workspace_ids;
        Ok(suspended.iter().filter_map(|id| id.parse().ok()).collect())
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<WorkspaceId, watch::Sender<bool>>> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error for the watchers of a suspended workspace.
pub(crate) fn suspended() -> Failure {
    Failure::new(
        Reason::WorkspaceSuspended,
        "the workspace is suspended and can't be watched; try again when it is active",
    )
}

/// A problem of the service's own credential does not concern its caller.
fn away(failure: Failure) -> Failure {
    Failure::new(Reason::Unavailable, failure.message)
}
