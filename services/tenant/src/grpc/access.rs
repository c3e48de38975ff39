//! `usher.tenant.v1.AccessService`

use std::pin::Pin;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use usher_base::Fault as _;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::access_service_server::AccessService;
use usher_rpc::convert::to_wire;
use usher_rpc::{Tasks, open};

use crate::access::Access;
use crate::announcements::{Announcement, Announcements};
use crate::error::TenantError;
use crate::grpc::convert::profile;

/// Implements token checks and announcements.
pub(crate) struct AccessApi {
    pub(crate) access: Access,
    pub(crate) announcements: Announcements,
    pub(crate) tasks: Tasks,
}

type Watch = Pin<Box<dyn Stream<Item = Result<pb::WatchAccessResponse, Status>> + Send>>;

#[tonic::async_trait]
impl AccessService for AccessApi {
    type WatchAccessStream = Watch;

    async fn check_token(
        &self,
        request: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        let (ctx, message) = open(request)?;
        let accepted = self.access.check(&ctx, &message.workspace, &message.token).await?;
        Ok(Response::new(pb::CheckTokenResponse {
            credential: accepted.signed.credential,
            expire_time: Some(to_wire(accepted.signed.expires_at)),
            workspace_id: accepted.workspace.to_string(),
            workspace_slug: accepted.slug,
            profile: profile(accepted.strict).into(),
            app_id: accepted.app.to_string(),
            token_id: accepted.token.to_string(),
            external_id_stable: accepted.external_id_stable,
            leaving_only: accepted.leaving_only.map(|why| pb::LeavingOnly {
                reason: why.reason().name().to_owned(),
                message: why.message(),
            }),
        }))
    }

    async fn watch_access(
        &self,
        request: Request<pb::WatchAccessRequest>,
    ) -> Result<Response<Watch>, Status> {
        let (ctx, _) = open(request)?;
        let mut announcements = self.announcements.watch(&ctx).map_err(TenantError::from)?;
        let (sender, receiver) = mpsc::channel(64);
        let tasks = self.tasks.clone();
        drop(self.tasks.spawn(async move {
            // The watcher does not know what was announced before it began to watch.
            let mut message = pb::WatchAccessResponse { everything: true, ..Default::default() };
            loop {
                tokio::select! {
                    () = tasks.stopping() => return,
                    sent = sender.send(Ok(message)) => if sent.is_err() { return },
                }
                message = tokio::select! {
                    () = tasks.stopping() => return,
                    () = sender.closed() => return,
                    heard = announcements.recv() => match heard {
                        Ok(announcement) => wire(announcement),
                        Err(RecvError::Lagged(_)) => wire(Announcement::Everything),
                        Err(RecvError::Closed) => return,
                    },
                };
            }
        }));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

fn wire(announcement: Announcement) -> pb::WatchAccessResponse {
    match announcement {
        Announcement::Beat => pb::WatchAccessResponse::default(),
        Announcement::Workspace(workspace) => {
            pb::WatchAccessResponse { workspace_ids: vec![workspace.to_string()], everything: false }
        }
        Announcement::Everything => pb::WatchAccessResponse { everything: true, ..Default::default() },
    }
}
