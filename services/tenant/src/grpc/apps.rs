//! `usher.tenant.v1.AppService`

use tonic::{Request, Response, Status};
use usher_base::id::AppId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::app_service_server::AppService;
use usher_rpc::convert::parse;
use usher_rpc::{Tasks, open};

use crate::admins::AdminPermission::ConfigureAdvancedSecuritySettings;
use crate::admins::Admins;
use crate::apps::{self, Reading};

/// Implements the methods for apps.
pub(crate) struct AppApi {
    pub(crate) admins: Admins,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl AppService for AppApi {
    async fn create_app(
        &self,
        request: Request<pb::CreateAppRequest>,
    ) -> Result<Response<pb::CreateAppResponse>, Status> {
        let (ctx, message) = open(request)?;
        self.admins.permit(&ctx, ConfigureAdvancedSecuritySettings).await?;
        let database = self.admins.database.clone();
        let work = async move { apps::create(&database, &ctx, message.name, message.description).await };
        let app = self.tasks.detach(work).await?;
        Ok(Response::new(pb::CreateAppResponse { app: Some(app.into()) }))
    }

    async fn list_apps(
        &self,
        request: Request<pb::ListAppsRequest>,
    ) -> Result<Response<pb::ListAppsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let apps = apps::list(&self.admins.database, &ctx).await?;
        Ok(Response::new(pb::ListAppsResponse { apps: apps.into_iter().map(pb::App::from).collect() }))
    }

    async fn update_app(
        &self,
        request: Request<pb::UpdateAppRequest>,
    ) -> Result<Response<pb::UpdateAppResponse>, Status> {
        let (ctx, message) = open(request)?;
        let authority = self.admins.permit(&ctx, ConfigureAdvancedSecuritySettings).await?;
        let id: AppId = parse("id", &message.id)?;
        let reading = Reading::try_from(&message)?;
        let admins = self.admins.clone();
        let work = async move {
            apps::update(&admins, &ctx, id, reading, (&authority, &message.own_password)).await
        };
        let app = self.tasks.detach(work).await?;
        Ok(Response::new(pb::UpdateAppResponse { app: Some(app.into()) }))
    }

    async fn delete_app(
        &self,
        request: Request<pb::DeleteAppRequest>,
    ) -> Result<Response<pb::DeleteAppResponse>, Status> {
        let (ctx, message) = open(request)?;
        let authority = self.admins.permit(&ctx, ConfigureAdvancedSecuritySettings).await?;
        let id: AppId = parse("id", &message.id)?;
        let admins = self.admins.clone();
        let work = async move { apps::delete(&admins, &ctx, id, (&authority, &message.own_password)).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::DeleteAppResponse {}))
    }
}
