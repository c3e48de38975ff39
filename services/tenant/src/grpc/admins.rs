//! `usher.tenant.v1.AdminService`

use tonic::{Request, Response, Status};
use usher_base::id::AdminId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_server::AdminService;
use usher_rpc::convert::{parse, to_wire};
use usher_rpc::{Tasks, open};

use super::convert::permissions;
use crate::admins::{Admins, NewAdmin};
use crate::sign_in::Caller;

/// Implements the methods for admins.
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
        let permissions = permissions(message.permissions())?;
        let admins = self.admins.clone();
        let pb::CreateAdminRequest { email, password, own_password, .. } = message;
        let new = NewAdmin { email, password, permissions };
        let work = async move { admins.create(&ctx, new, &own_password).await };
        let admin = self.tasks.detach(work).await?;
        Ok(Response::new(pb::CreateAdminResponse { admin: Some(admin.into()) }))
    }

    async fn list_admins(
        &self,
        request: Request<pb::ListAdminsRequest>,
    ) -> Result<Response<pb::ListAdminsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let admins = self.admins.list(&ctx).await?;
        Ok(Response::new(pb::ListAdminsResponse {
            admins: admins.into_iter().map(pb::Admin::from).collect(),
        }))
    }

    async fn update_admin(
        &self,
        request: Request<pb::UpdateAdminRequest>,
    ) -> Result<Response<pb::UpdateAdminResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id: AdminId = parse("id", &message.id)?;
        let permissions = permissions(message.permissions())?;
        let admins = self.admins.clone();
        let work = async move { admins.update(&ctx, id, permissions, &message.own_password).await };
        let admin = self.tasks.detach(work).await?;
        Ok(Response::new(pb::UpdateAdminResponse { admin: Some(admin.into()) }))
    }

    async fn delete_admin(
        &self,
        request: Request<pb::DeleteAdminRequest>,
    ) -> Result<Response<pb::DeleteAdminResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id: AdminId = parse("id", &message.id)?;
        let admins = self.admins.clone();
        let work = async move { admins.delete(&ctx, id, &message.own_password).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::DeleteAdminResponse {}))
    }

    async fn set_password(
        &self,
        request: Request<pb::SetPasswordRequest>,
    ) -> Result<Response<pb::SetPasswordResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id: AdminId = parse("id", &message.id)?;
        let admins = self.admins.clone();
        let work =
            async move { admins.set_password(&ctx, id, &message.password, &message.own_password).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::SetPasswordResponse {}))
    }

    async fn end_sessions(
        &self,
        request: Request<pb::EndSessionsRequest>,
    ) -> Result<Response<pb::EndSessionsResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id: AdminId = parse("id", &message.id)?;
        let admins = self.admins.clone();
        let work = async move { admins.end_sessions(&ctx, id, &message.own_password).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::EndSessionsResponse {}))
    }

    async fn sign_in(
        &self,
        request: Request<pb::SignInRequest>,
    ) -> Result<Response<pb::SignInResponse>, Status> {
        let caller = Caller::from_request(&request);
        let message = request.into_inner();
        let signed =
            self.admins.sign_in(&caller, &message.workspace, &message.email, &message.password).await?;
        Ok(Response::new(pb::SignInResponse {
            credential: signed.credential,
            expire_time: Some(to_wire(signed.expires_at)),
        }))
    }
}
