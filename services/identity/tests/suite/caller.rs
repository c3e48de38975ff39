//! Callers of identity: identity providers and operators.

use std::time::Duration;

use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::attribute_service_client::AttributeServiceClient;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::identity::v1::group_service_client::GroupServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_rpc::Outgoing;

const DEADLINE: Duration = Duration::from_secs(20);

/// The reason and the message of a refused call.
#[derive(Debug)]
pub struct Refusal {
    pub reason: Reason,
    pub message: String,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let info = status.get_details_error_info();
        let reason = info.and_then(|info| Reason::from_name(&info.reason)).unwrap_or(Reason::Internal);
        Self { reason, message: status.message().to_owned() }
    }
}

pub type Answer<T> = Result<T, Refusal>;

/// An app of the workspace, or the operator, as a caller of identity.
#[derive(Clone)]
pub struct Caller {
    pub channel: Channel,
    pub credential: String,
    pub workspace: WorkspaceId,
    pub stable_ids: bool,
    /// The id of the app; empty for the operator.
    pub app: String,
}

/// A request with a credential.
pub fn request<T>(credential: &str, workspace: Option<WorkspaceId>, message: T) -> Request<T> {
    let outgoing = Outgoing { credential, workspace, request_id: "test", trace: None, timeout: DEADLINE };
    outgoing.request(message)
}

fn take<T>(answer: Result<Response<T>, Status>) -> Answer<T> {
    Ok(answer?.into_inner())
}

/// Returns a PatchOp message with these operations.
pub fn patch_op(operations: &Value) -> String {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
        .to_string()
}

/// The document of a user or group.
pub fn document(resource_json: &str) -> Value {
    serde_json::from_str(resource_json).unwrap()
}

impl Caller {
    fn request<T>(&self, message: T) -> Request<T> {
        request(&self.credential, Some(self.workspace), message)
    }

    fn users(&self) -> UserServiceClient<Channel> {
        UserServiceClient::new(self.channel.clone())
    }

    fn group_client(&self) -> GroupServiceClient<Channel> {
        GroupServiceClient::new(self.channel.clone()).max_decoding_message_size(64 << 20)
    }

    pub async fn create(&self, document: &Value) -> Answer<pb::CreateUserResponse> {
        let message = pb::CreateUserRequest {
            document_json: document.to_string(),
            external_id_stable: self.stable_ids,
            ..Default::default()
        };
        take(self.users().create_user(self.request(message)).await)
    }

    /// The same app, after declaring that its external ids are never given to other people.
    #[must_use]
    pub fn with_stable_ids(&self) -> Self {
        Self { stable_ids: true, ..self.clone() }
    }

    /// Creates a user with only a name.
    pub async fn person(&self, user_name: &str) -> pb::User {
        self.create(&json!({ "userName": user_name })).await.unwrap().user.unwrap()
    }

    pub async fn get(&self, id: &str) -> Answer<pb::User> {
        let message = pb::GetUserRequest { id: id.to_owned(), with_provenance: false };
        Ok(take(self.users().get_user(self.request(message)).await)?.user.unwrap())
    }

    pub async fn patch(&self, id: &str, operations: &Value) -> Answer<pb::User> {
        let message = pb::PatchUserRequest {
            id: id.to_owned(),
            patch_json: patch_op(operations),
            ..Default::default()
        };
        Ok(take(self.users().patch_user(self.request(message)).await)?.user.unwrap())
    }

    pub async fn replace(&self, id: &str, document: &Value) -> Answer<pb::User> {
        let message = pb::ReplaceUserRequest {
            id: id.to_owned(),
            document_json: document.to_string(),
            ..Default::default()
        };
        Ok(take(self.users().replace_user(self.request(message)).await)?.user.unwrap())
    }

    /// Transfers the people of one app to another.
    pub async fn take_over(&self, from: &Self, to: &Self) -> Answer<pb::TakeOverUsersResponse> {
        let message = pb::TakeOverUsersRequest { from_app_id: from.app.clone(), to_app_id: to.app.clone() };
        take(self.users().take_over_users(self.request(message)).await)
    }

    pub async fn delete(&self, id: &str) -> Answer<()> {
        let message = pb::DeleteUserRequest { id: id.to_owned(), if_versions: Vec::new() };
        take(self.users().delete_user(self.request(message)).await).map(drop)
    }

    pub async fn list(&self, message: pb::ListUsersRequest) -> Answer<pb::ListUsersResponse> {
        take(self.users().list_users(self.request(message)).await)
    }

    /// The user names that match a filter, sorted.
    pub async fn found(&self, filter: &str) -> Answer<Vec<String>> {
        let message = pb::ListUsersRequest { filter: filter.to_owned(), count: 200, ..Default::default() };
        let page = self.list(message).await?;
        assert_eq!(usize::try_from(page.total_results).unwrap(), page.users.len());
        let name = |user: &pb::User| document(&user.resource_json)["userName"].as_str().unwrap().to_owned();
        let mut names: Vec<_> = page.users.iter().map(name).collect();
        names.sort();
        Ok(names)
    }

    pub async fn create_group(&self, document: &Value) -> Answer<pb::Group> {
        let message = pb::CreateGroupRequest { document_json: document.to_string(), ..Default::default() };
        Ok(take(self.group_client().create_group(self.request(message)).await)?.group.unwrap())
    }

    /// Creates a group with members.
    pub async fn team(&self, name: &str, members: &[&str]) -> pb::Group {
        let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
        self.create_group(&json!({ "displayName": name, "members": members })).await.unwrap()
    }

    pub async fn get_group(&self, id: &str) -> Answer<pb::Group> {
        let message = pb::GetGroupRequest { id: id.to_owned(), without_members: false };
        Ok(take(self.group_client().get_group(self.request(message)).await)?.group.unwrap())
    }

    pub async fn patch_group(&self, id: &str, operations: &Value) -> Answer<pb::Group> {
        let message = pb::PatchGroupRequest {
            id: id.to_owned(),
            patch_json: patch_op(operations),
            without_members: true,
            ..Default::default()
        };
        Ok(take(self.group_client().patch_group(self.request(message)).await)?.group.unwrap())
    }

    pub async fn replace_group(
        &self,
        id: &str,
        document: &Value,
        profile: pb::Profile,
        versions: &[i64],
    ) -> Answer<pb::Group> {
        let message = pb::ReplaceGroupRequest {
            id: id.to_owned(),
            document_json: document.to_string(),
            profile: profile.into(),
            if_versions: versions.to_vec(),
            without_members: false,
        };
        Ok(take(self.group_client().replace_group(self.request(message)).await)?.group.unwrap())
    }

    pub async fn delete_group(&self, id: &str) -> Answer<()> {
        let message = pb::DeleteGroupRequest { id: id.to_owned(), if_versions: Vec::new() };
        take(self.group_client().delete_group(self.request(message)).await).map(drop)
    }

    pub async fn list_groups(&self, message: pb::ListGroupsRequest) -> Answer<pb::ListGroupsResponse> {
        take(self.group_client().list_groups(self.request(message)).await)
    }

    /// The names of the groups that match a filter.
    pub async fn found_groups(&self, filter: &str) -> Answer<Vec<String>> {
        let message = pb::ListGroupsRequest {
            filter: filter.to_owned(),
            count: 200,
            without_members: true,
            ..Default::default()
        };
        let page = self.list_groups(message).await?;
        let name =
            |group: &pb::Group| document(&group.resource_json)["displayName"].as_str().unwrap().to_owned();
        Ok(page.groups.iter().map(name).collect())
    }

    /// The ids of a group's members, sorted.
    pub async fn members(&self, id: &str) -> Vec<String> {
        let group = document(&self.get_group(id).await.unwrap().resource_json);
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<_> =
            members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    pub async fn define(&self, attribute: pb::Attribute) -> Answer<pb::Attribute> {
        let message = pb::DefineAttributeRequest { attribute: Some(attribute) };
        let mut client = AttributeServiceClient::new(self.channel.clone());
        Ok(take(client.define_attribute(self.request(message)).await)?.attribute.unwrap())
    }

    pub async fn attributes(&self) -> Answer<Vec<pb::Attribute>> {
        let mut client = AttributeServiceClient::new(self.channel.clone());
        Ok(take(client.list_attributes(self.request(pb::ListAttributesRequest {})).await)?.attributes)
    }

    pub async fn undefine(&self, name: &str) -> Answer<()> {
        let message = pb::DeleteAttributeRequest { name: name.to_owned() };
        let mut client = AttributeServiceClient::new(self.channel.clone());
        take(client.delete_attribute(self.request(message)).await).map(drop)
    }

    /// Watches the change log from a number on.
    pub async fn watch(&self, after_sequence: i64) -> Answer<Streaming<pb::WatchChangesResponse>> {
        let message = pb::WatchChangesRequest { after_sequence };
        take(ChangeServiceClient::new(self.channel.clone()).watch_changes(self.request(message)).await)
    }

    pub async fn changes(&self) -> Vec<pb::Change> {
        self.changes_after(0).await.changes
    }

    /// A page of the change log, read by a client with the default message limit.
    pub async fn changes_after(&self, after_sequence: i64) -> pb::ListChangesResponse {
        let message = pb::ListChangesRequest { after_sequence, page_size: 1_000 };
        let mut client = ChangeServiceClient::new(self.channel.clone());
        take(client.list_changes(self.request(message)).await).unwrap()
    }
}
