//! `usher.identity.v1.UserService`

use usher_base::Reason;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_rpc::{Channels, Failure, Outgoing};
use usher_scim::Profile;

use super::{MAX_RESPONSE_BYTES, convert};
use crate::kind::{Page, Resource, Selection};
use crate::leaving::Condition;

/// A client for users.
#[derive(Clone, Debug)]
pub(crate) struct Users(UserServiceClient<Channels>);

impl Users {
    pub(crate) fn new(channels: Channels) -> Self {
        Self(UserServiceClient::new(channels).max_decoding_message_size(MAX_RESPONSE_BYTES))
    }

    pub(crate) async fn create(
        &self,
        call: &Outgoing<'_>,
        document: String,
        profile: Profile,
        external_id_stable: bool,
    ) -> Result<Resource, Failure> {
        let profile = convert::profile(profile).into();
        let message = pb::CreateUserRequest { document_json: document, profile, external_id_stable };
        let answer = self.0.clone().create_user(call.request(message)).await?;
        resource(answer.into_inner().user)
    }

    pub(crate) async fn get(&self, call: &Outgoing<'_>, id: String) -> Result<Resource, Failure> {
        let message = pb::GetUserRequest { id, with_provenance: false };
        let answer = self.0.clone().get_user(call.request(message)).await?;
        resource(answer.into_inner().user)
    }

    pub(crate) async fn list(&self, call: &Outgoing<'_>, selection: Selection) -> Result<Page, Failure> {
        let message = pb::ListUsersRequest {
            filter: selection.filter,
            start_index: selection.start_index,
            count: convert::count(selection.count),
            sort_by: selection.sort_by,
            descending: selection.descending,
            cursor: selection.cursor,
            without_groups: selection.without_membership,
            base_url: selection.base_url,
            profile: convert::profile(selection.profile).into(),
        };
        let answer = self.0.clone().list_users(call.request(message)).await?.into_inner();
        Ok(Page {
            total: u64::try_from(answer.total_results).unwrap_or_default(),
            resources: answer.users.into_iter().map(Resource::try_from).collect::<Result<_, _>>()?,
            next_cursor: answer.next_cursor,
            previous_cursor: answer.previous_cursor,
        })
    }

    pub(crate) async fn replace(
        &self,
        call: &Outgoing<'_>,
        id: String,
        document: String,
        profile: Profile,
        condition: &Condition,
    ) -> Result<Resource, Failure> {
        let profile = convert::profile(profile).into();
        let (if_versions, leaving_only) = (condition.versions.clone(), condition.refusal.is_some());
        let message =
            pb::ReplaceUserRequest { id, document_json: document, profile, if_versions, leaving_only };
        let answer = self.0.clone().replace_user(call.request(message)).await?;
        resource(answer.into_inner().user)
    }

    pub(crate) async fn patch(
        &self,
        call: &Outgoing<'_>,
        id: String,
        operations: String,
        profile: Profile,
        condition: &Condition,
    ) -> Result<Resource, Failure> {
        let profile = convert::profile(profile).into();
        let (if_versions, leaving_only) = (condition.versions.clone(), condition.refusal.is_some());
        let message = pb::PatchUserRequest { id, patch_json: operations, profile, if_versions, leaving_only };
        let answer = self.0.clone().patch_user(call.request(message)).await?;
        resource(answer.into_inner().user)
    }

    pub(crate) async fn delete(
        &self,
        call: &Outgoing<'_>,
        id: String,
        if_versions: Vec<i64>,
    ) -> Result<(), Failure> {
        let message = pb::DeleteUserRequest { id, if_versions };
        self.0.clone().delete_user(call.request(message)).await?;
        Ok(())
    }
}

fn resource(user: Option<pb::User>) -> Result<Resource, Failure> {
    user.ok_or_else(|| Failure::new(Reason::Internal, "identity's answer has no user"))?.try_into()
}
