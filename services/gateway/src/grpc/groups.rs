//! `usher.identity.v1.GroupService`

use usher_base::Reason;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::group_service_client::GroupServiceClient;
use usher_rpc::{Channels, Failure, Outgoing};
use usher_scim::Profile;

use super::{MAX_RESPONSE_BYTES, convert};
use crate::kind::{Page, Resource, Selection};

/// A client for groups.
#[derive(Clone, Debug)]
pub(crate) struct Groups(GroupServiceClient<Channels>);

impl Groups {
    pub(crate) fn new(channels: Channels) -> Self {
        Self(GroupServiceClient::new(channels).max_decoding_message_size(MAX_RESPONSE_BYTES))
    }

    pub(crate) async fn create(
        &self,
        call: &Outgoing<'_>,
        document: String,
        profile: Profile,
        without_members: bool,
    ) -> Result<Resource, Failure> {
        let profile = convert::profile(profile).into();
        let message = pb::CreateGroupRequest { document_json: document, profile, without_members };
        let answer = self.0.clone().create_group(call.request(message)).await?;
        resource(answer.into_inner().group)
    }

    pub(crate) async fn get(
        &self,
        call: &Outgoing<'_>,
        id: String,
        without_members: bool,
    ) -> Result<Resource, Failure> {
        let message = pb::GetGroupRequest { id, without_members };
        let answer = self.0.clone().get_group(call.request(message)).await?;
        resource(answer.into_inner().group)
    }

    pub(crate) async fn list(&self, call: &Outgoing<'_>, selection: Selection) -> Result<Page, Failure> {
        let message = pb::ListGroupsRequest {
            filter: selection.filter,
            start_index: selection.start_index,
            count: convert::count(selection.count),
            sort_by: selection.sort_by,
            descending: selection.descending,
            cursor: selection.cursor,
            without_members: selection.without_membership,
            base_url: selection.base_url,
            profile: convert::profile(selection.profile).into(),
        };
        let answer = self.0.clone().list_groups(call.request(message)).await?.into_inner();
        Ok(Page {
            total: u64::try_from(answer.total_results).unwrap_or_default(),
            resources: answer.groups.into_iter().map(Resource::try_from).collect::<Result<_, _>>()?,
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
        if_versions: Vec<i64>,
        without_members: bool,
    ) -> Result<Resource, Failure> {
        let profile = convert::profile(profile).into();
        let message =
            pb::ReplaceGroupRequest { id, document_json: document, profile, if_versions, without_members };
        let answer = self.0.clone().replace_group(call.request(message)).await?;
        resource(answer.into_inner().group)
    }

    pub(crate) async fn patch(
        &self,
        call: &Outgoing<'_>,
        id: String,
        operations: String,
        profile: Profile,
        if_versions: Vec<i64>,
        without_members: bool,
    ) -> Result<Resource, Failure> {
        let profile = convert::profile(profile).into();
        let message =
            pb::PatchGroupRequest { id, patch_json: operations, profile, if_versions, without_members };
        let answer = self.0.clone().patch_group(call.request(message)).await?;
        resource(answer.into_inner().group)
    }

    pub(crate) async fn delete(
        &self,
        call: &Outgoing<'_>,
        id: String,
        if_versions: Vec<i64>,
    ) -> Result<(), Failure> {
        let message = pb::DeleteGroupRequest { id, if_versions };
        self.0.clone().delete_group(call.request(message)).await?;
        Ok(())
    }
}

fn resource(group: Option<pb::Group>) -> Result<Resource, Failure> {
    group.ok_or_else(|| Failure::new(Reason::Internal, "identity's answer has no group"))?.try_into()
}
