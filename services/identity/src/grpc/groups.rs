//! `usher.identity.v1.GroupService`

use tonic::{Request, Response, Status};
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::group_service_server::GroupService;
use usher_rpc::{Tasks, open};

use super::convert::profile;
use crate::groups::Groups;
use crate::query::ListQuery;

/// Implements the methods for groups. A mutation is finished even if its caller disconnects.
pub(crate) struct GroupApi {
    pub(crate) groups: Groups,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl GroupService for GroupApi {
    async fn create_group(
        &self,
        request: Request<pb::CreateGroupRequest>,
    ) -> Result<Response<pb::CreateGroupResponse>, Status> {
        let (ctx, message) = open(request)?;
        let groups = self.groups.clone();
        let work = async move {
            let profile = profile(message.profile());
            groups.create(&ctx, &message.document_json, profile, !message.without_members).await
        };
        let group = self.tasks.detach(work).await?;
        Ok(Response::new(pb::CreateGroupResponse { group: Some(group.into()) }))
    }

    async fn get_group(
        &self,
        request: Request<pb::GetGroupRequest>,
    ) -> Result<Response<pb::GetGroupResponse>, Status> {
        let (ctx, message) = open(request)?;
        let group = self.groups.get(&ctx, &message.id, !message.without_members).await?;
        Ok(Response::new(pb::GetGroupResponse { group: Some(group.into()) }))
    }

    async fn list_groups(
        &self,
        request: Request<pb::ListGroupsRequest>,
    ) -> Result<Response<pb::ListGroupsResponse>, Status> {
        let (ctx, message) = open(request)?;
        let with_members = !message.without_members;
        let asked = ListQuery::from(message);
        let page = self.groups.list(&ctx, &asked, with_members).await?;
        Ok(Response::new(pb::ListGroupsResponse {
            groups: page.groups.into_iter().map(pb::Group::from).collect(),
            total_results: page.total,
            next_cursor: page.links.next,
            previous_cursor: page.links.previous,
        }))
    }

    async fn replace_group(
        &self,
        request: Request<pb::ReplaceGroupRequest>,
    ) -> Result<Response<pb::ReplaceGroupResponse>, Status> {
        let (ctx, message) = open(request)?;
        let groups = self.groups.clone();
        let work = async move {
            let profile = profile(message.profile());
            let with_members = !message.without_members;
            let versions = &message.if_versions;
            groups.replace(&ctx, &message.id, &message.document_json, profile, versions, with_members).await
        };
        let group = self.tasks.detach(work).await?;
        Ok(Response::new(pb::ReplaceGroupResponse { group: Some(group.into()) }))
    }

    async fn patch_group(
        &self,
        request: Request<pb::PatchGroupRequest>,
    ) -> Result<Response<pb::PatchGroupResponse>, Status> {
        let (ctx, message) = open(request)?;
        let groups = self.groups.clone();
        let work = async move {
            let profile = profile(message.profile());
            let with_members = !message.without_members;
            let versions = &message.if_versions;
            groups.patch(&ctx, &message.id, &message.patch_json, profile, versions, with_members).await
        };
        let group = self.tasks.detach(work).await?;
        Ok(Response::new(pb::PatchGroupResponse { group: Some(group.into()) }))
    }

    async fn delete_group(
        &self,
        request: Request<pb::DeleteGroupRequest>,
    ) -> Result<Response<pb::DeleteGroupResponse>, Status> {
        let (ctx, message) = open(request)?;
        let groups = self.groups.clone();
        let work = async move { groups.delete(&ctx, &message.id, &message.if_versions).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::DeleteGroupResponse {}))
    }
}
