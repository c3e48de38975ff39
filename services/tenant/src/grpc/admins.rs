//! `usher.tenant.v1.AdminService`

use tonic::{Request, Response, Status};
use usher_base::id::AdminId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_server::AdminService;
use usher_rpc::convert::{parse, to_wire};
use usher_rpc::{Tasks, open, status};

use super::convert::permissions;
use crate::admins::Admins;
use crate::peer::Peer;

/// Serves admins.
pub(crate) struct AdminApi {
    pub(crate) admins: Admins,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl AdminService for AdminApi {
    async fn create_admin(
        &self,
        request: Request<pb::CreateAdminRequest>,
    ) -> Result<Response<pb::CreateAdminResponse>, Status> {
        let (ctx, message) = open(request)?;
        let permissions = permissions(message.permissions()).map_err(status)?;
        let admins = self.admins.clone();
        let work = async move { admins.create(&ctx, message.email, &message.password, permissions).await };
        let admin = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::CreateAdminResponse { admin: Some(admin.into()) }))
    }

    async fn list_admins(
        &self,
        request: Request<pb::ListAdminsRequest>,
    ) -> Result<Response<pb::ListAdminsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let admins = self.admins.list(&ctx).await.map_err(status)?;
        Ok(Response::new(pb::ListAdminsResponse {
            admins: admins.into_iter().map(pb::Admin::from).collect(),
        }))
    }

    async fn update_admin(
        &self,
        request: Request<pb::UpdateAdminRequest>,
    ) -> Result<Response<pb::UpdateAdminResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id: AdminId = parse("id", &message.id).map_err(status)?;
        let permissions = permissions(message.permissions()).map_err(status)?;
        let admins = self.admins.clone();
        let work = async move { admins.update(&ctx, id, permissions).await };
        let admin = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::UpdateAdminResponse { admin: Some(admin.into()) }))
    }

    async fn sign_in(
        &self,
        request: Request<pb::SignInRequest>,
    ) -> Result<Response<pb::SignInResponse>, Status> {
        let peer = Peer::of(&request);
        let message = request.into_inner();
        let signed = self
            .admins
            .sign_in(peer, &message.workspace, &message.email, &message.password)
            .await
            .map_err(status)?;
        Ok(Response::new(pb::SignInResponse {
            credential: signed.credential,
            expire_time: Some(to_wire(signed.expires_at)),
        }))
    }
}
