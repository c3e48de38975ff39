//! `usher.identity.v1.UserService`

use serde_json::Value;
use tonic::{Request, Response, Status};
use usher_base::id::AppId;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::user_service_server::UserService;
use usher_rpc::convert::parse;
use usher_rpc::{Tasks, open};

use super::convert::{persons, profile};
use crate::erasure;
use crate::leaving::Condition;
use crate::person_names;
use crate::query::ListQuery;
use crate::take_over;
use crate::users::Users;

/// Implements the methods for users. A mutation is finished even if its caller disconnects.
pub(crate) struct UserApi {
    pub(crate) users: Users,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl UserService for UserApi {
    async fn create_user(
        &self,
        request: Request<pb::CreateUserRequest>,
    ) -> Result<Response<pb::CreateUserResponse>, Status> {
        let (ctx, message) = open(request)?;
        let users = self.users.clone();
        let work = Box::pin(async move {
            let profile = profile(message.profile());
            users.create(&ctx, &message.document_json, profile, message.external_id_stable).await
        });
        let created = self.tasks.detach(work).await?;
        Ok(Response::new(pb::CreateUserResponse {
            user: Some(created.user.into()),
            revived: created.revived,
        }))
    }

    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let (ctx, message) = open(request)?;
        let user = self.users.get(&ctx, &message.id).await?;
        let provenance = message.with_provenance.then(|| Value::Object(user.provenance.clone()).to_string());
        let user = pb::User { provenance_json: provenance.unwrap_or_default(), ..user.into() };
        Ok(Response::new(pb::GetUserResponse { user: Some(user) }))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let (ctx, message) = open(request)?;
        let with_groups = !message.without_groups;
        let page = self.users.list(&ctx, &ListQuery::from(message), with_groups).await?;
        Ok(Response::new(pb::ListUsersResponse {
            users: page.users.into_iter().map(pb::User::from).collect(),
            total_results: page.total,
            next_cursor: page.links.next,
            previous_cursor: page.links.previous,
        }))
    }

    async fn replace_user(
        &self,
        request: Request<pb::ReplaceUserRequest>,
    ) -> Result<Response<pb::ReplaceUserResponse>, Status> {
        let (ctx, message) = open(request)?;
        let users = self.users.clone();
        let work = Box::pin(async move {
            let profile = profile(message.profile());
            let condition = Condition { versions: &message.if_versions, leaving_only: message.leaving_only };
            users.replace(&ctx, &message.id, &message.document_json, profile, condition).await
        });
        let user = self.tasks.detach(work).await?;
        Ok(Response::new(pb::ReplaceUserResponse { user: Some(user.into()) }))
    }

    async fn patch_user(
        &self,
        request: Request<pb::PatchUserRequest>,
    ) -> Result<Response<pb::PatchUserResponse>, Status> {
        let (ctx, message) = open(request)?;
        let users = self.users.clone();
        let work = Box::pin(async move {
            let profile = profile(message.profile());
            let condition = Condition { versions: &message.if_versions, leaving_only: message.leaving_only };
            users.patch(&ctx, &message.id, &message.patch_json, profile, condition).await
        });
        let user = self.tasks.detach(work).await?;
        Ok(Response::new(pb::PatchUserResponse { user: Some(user.into()) }))
    }

    async fn delete_user(
        &self,
        request: Request<pb::DeleteUserRequest>,
    ) -> Result<Response<pb::DeleteUserResponse>, Status> {
        let (ctx, message) = open(request)?;
        let users = self.users.clone();
        let work = async move { users.delete(&ctx, &message.id, &message.if_versions).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::DeleteUserResponse {}))
    }

    async fn get_person_names(
        &self,
        request: Request<pb::GetPersonNamesRequest>,
    ) -> Result<Response<pb::GetPersonNamesResponse>, Status> {
        let (ctx, message) = open(request)?;
        let persons = persons(&message.person_keys)?;
        let names = person_names::read(&self.users.database, &ctx, &persons).await?;
        let names = names.into_iter().map(pb::PersonName::from).collect();
        Ok(Response::new(pb::GetPersonNamesResponse { names }))
    }

    async fn take_over_users(
        &self,
        request: Request<pb::TakeOverUsersRequest>,
    ) -> Result<Response<pb::TakeOverUsersResponse>, Status> {
        let (ctx, message) = open(request)?;
        let from: AppId = parse("from_app_id", &message.from_app_id)?;
        let to: AppId = parse("to_app_id", &message.to_app_id)?;
        let users = self.users.clone();
        let work = async move { take_over::take_over(&users, &ctx, from, to).await };
        let taken = self.tasks.detach(work).await?;
        Ok(Response::new(pb::TakeOverUsersResponse {
            taken: taken.users,
            groups: taken.groups,
            more: taken.more,
        }))
    }

    async fn erase_users(
        &self,
        request: Request<pb::EraseUsersRequest>,
    ) -> Result<Response<pb::EraseUsersResponse>, Status> {
        let (ctx, _) = open(request)?;
        let users = self.users.clone();
        let work = async move { erasure::erase(&users, &ctx).await };
        let erased = self.tasks.detach(work).await?;
        Ok(Response::new(pb::EraseUsersResponse { erased: erased.users, more: erased.more }))
    }
}
