//! Ends what watches a workspace when the workspace is suspended.

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

/// How often tenant is asked about the workspaces that are watched.
const POLL: Duration = Duration::from_millis(500);
/// How long tenant may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Workspaces of one question; tenant takes no more.
const PAGE: usize = 1_000;

/// Completes when a workspace is suspended.
pub(crate) type Suspended = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Asks tenant which of the workspaces that are watched are suspended: one call for all of them, whoever watches.
/// Clones are the same.
#[derive(Clone, Debug)]
pub struct Suspensions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: PolicyServiceClient<Channel>,
    credential: ServiceCredential,
    /// Whether each workspace is suspended. A workspace that nobody watches any more is removed.
    watched: Mutex<HashMap<WorkspaceId, watch::Sender<bool>>>,
}

impl Suspensions {
    /// Asks tenant over `channel` with the service's own credential.
    pub fn new(channel: Channel, credential: ServiceCredential) -> Self {
        let client = PolicyServiceClient::new(channel);
        Self(Arc::new(Inner { client, credential, watched: Mutex::default() }))
    }

    /// Admits a stream about a workspace, and gives what ends it.
    ///
    /// # Errors
    /// The workspace is suspended, or tenant can't say whether it is.
    pub(crate) async fn admit(&self, workspace: WorkspaceId, request_id: &str) -> Result<Suspended, Failure> {
        // Watched before it is asked about, so that no suspension falls between the two.
        let mut standing =
            self.watched().entry(workspace).or_insert_with(|| watch::channel(false).0).subscribe();
        if !self.ask(&[workspace], request_id).await?.is_empty() {
            return Err(suspended());
        }
        // An earlier suspension is over, which the next look would find.
        if let Some(watched) = self.watched().get(&workspace) {
            watched.send_replace(false);
        }
        Ok(Box::pin(async move {
            if standing.wait_for(|suspended| *suspended).await.is_err() {
                std::future::pending::<()>().await;
            }
        }))
    }

    /// Asks until the stop is asked for. Where tenant is away, streams go on: their credentials end them.
    pub(crate) async fn run(self, tasks: Tasks) {
        let mut told = false;
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            let outcome = tokio::select! {
                () = tasks.stopping() => return,
                outcome = self.look() => outcome,
            };
            match outcome {
                Ok(()) => told = false,
                Err(failure) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(
                            reason = failure.message,
                            "tenant can't be asked which workspaces are suspended; streams end with their credentials"
                        );
                    }
                }
            }
        }
    }

    async fn look(&self) -> Result<(), Failure> {
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

    /// Which of the workspaces are suspended.
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

/// What a watcher is told whose workspace is suspended.
pub(crate) fn suspended() -> Failure {
    Failure::new(
        Reason::WorkspaceSuspended,
        "the workspace is suspended, so nothing watches it; watch it again when it is active",
    )
}

/// The service's own standing with tenant is not its caller's business.
fn away(failure: Failure) -> Failure {
    Failure::new(Reason::Unavailable, failure.message)
}
