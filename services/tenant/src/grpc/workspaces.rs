//! `usher.tenant.v1.WorkspaceService`

use tonic::{Request, Response, Status};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::workspace_service_server::WorkspaceService;
use usher_rpc::convert::page_size;
use usher_rpc::{Tasks, open, optional_enum, page};
use usher_seats::AtLimit;
use usher_store::Database;

use crate::workspaces::{self, NewWorkspace, SeatLimit, WorkspaceChange};

/// Implements the methods for workspaces.
pub(crate) struct WorkspaceApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl WorkspaceService for WorkspaceApi {
    async fn create_workspace(
        &self,
        request: Request<pb::CreateWorkspaceRequest>,
    ) -> Result<Response<pb::CreateWorkspaceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let at_limit = optional_enum("at_limit", message.at_limit)?.unwrap_or(AtLimit::Allow);
        let pb::CreateWorkspaceRequest { slug, name, plan, seat_limit, .. } = message;
        let new = NewWorkspace { slug, name, plan, at_limit, seat_limit };
        let database = self.database.clone();
        let work = async move { workspaces::create(&database, &ctx, new).await };
        let workspace = self.tasks.detach(work).await?;
        Ok(Response::new(pb::CreateWorkspaceResponse { workspace: Some(workspace.into()) }))
    }

    async fn get_workspace(
        &self,
        request: Request<pb::GetWorkspaceRequest>,
    ) -> Result<Response<pb::GetWorkspaceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let workspace = workspaces::get(&self.database, &ctx, &message.workspace).await?;
        Ok(Response::new(pb::GetWorkspaceResponse { workspace: Some(workspace.into()) }))
    }

    async fn list_workspaces(
        &self,
        request: Request<pb::ListWorkspacesRequest>,
    ) -> Result<Response<pb::ListWorkspacesResponse>, Status> {
        let (ctx, message) = open(request)?;
        let size = page_size(message.page_size, 100, 1_000)?;
        // The page token is the last slug of the previous page.
        let found = workspaces::list(&self.database, &ctx, &message.page_token, size + 1).await;
        let found = found?.into_iter().map(pb::Workspace::from).collect();
        let (workspaces, more) = page(found, size);
        let last = workspaces.last().filter(|_| more).map(|last: &pb::Workspace| last.slug.clone());
        let next_page_token = last.unwrap_or_default();
        Ok(Response::new(pb::ListWorkspacesResponse { workspaces, next_page_token }))
    }

    async fn resolve_workspace(
        &self,
        request: Request<pb::ResolveWorkspaceRequest>,
    ) -> Result<Response<pb::ResolveWorkspaceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id = workspaces::id(&self.database, &ctx, &message.slug).await?;
        Ok(Response::new(pb::ResolveWorkspaceResponse { id: id.to_string() }))
    }

    async fn update_workspace(
        &self,
        request: Request<pb::UpdateWorkspaceRequest>,
    ) -> Result<Response<pb::UpdateWorkspaceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let suspended = match message.status() {
            pb::WorkspaceStatus::Unspecified => None,
            pb::WorkspaceStatus::Active => Some(false),
            pb::WorkspaceStatus::Suspended => Some(true),
        };
        let at_limit = optional_enum("at_limit", message.at_limit)?;
        let seat_limit = message
            .seat_limit
            .map(|limit| if limit < 0 { SeatLimit::Unlimited } else { SeatLimit::AtMost(limit) });
        let pb::UpdateWorkspaceRequest { name, plan, .. } = message;
        let change = WorkspaceChange { name, plan, suspended, at_limit, seat_limit };
        let database = self.database.clone();
        let work = async move { workspaces::update(&database, &ctx, change).await };
        let workspace = self.tasks.detach(work).await?;
        Ok(Response::new(pb::UpdateWorkspaceResponse { workspace: Some(workspace.into()) }))
    }
}
