//! Identity and tenant, and a workspace's API apps as identity providers use them.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_types::StatusExt as _;
use usher_base::id::WorkspaceId;
use usher_base::secret::ServiceKey;
use usher_base::{Clock, Reason};
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::attribute_service_client::AttributeServiceClient;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::identity::v1::group_service_client::GroupServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::access_service_client::AccessServiceClient;
use usher_proto::tenant::v1::app_service_client::AppServiceClient;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_proto::tenant::v1::plan_service_client::PlanServiceClient;
use usher_proto::tenant::v1::token_service_client::TokenServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::{Outgoing, Tasks, connect};
use usher_store::testing::TestDatabase;
use usher_store::{Database, DatabaseConfig};
use usher_tenant::ServiceKeys;

const SLUG: &str = "acme";
const DEADLINE: Duration = Duration::from_secs(20);

/// Why a call was refused, and what its caller is told.
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

/// The two services, with one workspace.
pub struct Site {
    identity: Channel,
    tenant: Channel,
    operator: String,
    gateway: String,
    workspace: WorkspaceId,
    tasks: Tasks,
}

/// An API app of the workspace, or the operator, as a caller of identity.
#[derive(Clone)]
pub struct Caller {
    channel: Channel,
    credential: String,
    workspace: WorkspaceId,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.tasks.soft_stop();
    }
}

impl Site {
    /// Starts both, and makes the workspace.
    pub async fn start() -> Self {
        Self::at(Clock::system()).await
    }

    /// As [`Site::start`], by another clock.
    pub async fn at(clock: Clock) -> Self {
        let tasks = Tasks::new();
        let database = TestDatabase::create("tenant", &usher_tenant::MIGRATOR).await.url();
        let config = usher_tenant::Config {
            database_url: database.clone(),
            database_connections: 4,
            log_retention: Duration::from_hours(1),
        };
        let service = usher_tenant::Service::start(config, clock.clone(), &tasks).await.unwrap();
        let tenant_url = serve(&tasks, |listener, tasks| service.serve(listener, tasks)).await;
        let keys = ServiceKeys::new(open(database), clock.clone());
        let service_key = keys.create("identity").await.unwrap();
        let gateway_key = keys.create("gateway").await.unwrap();
        let operator = keys.operator_credential("tester", SignedDuration::from_hours(1)).await.unwrap();

        let config = usher_identity::Config {
            database_url: TestDatabase::create("identity", &usher_identity::MIGRATOR).await.url(),
            database_connections: 16,
            tenant_url: tenant_url.clone(),
            // Nobody is there: seat events wait, and no write waits for them.
            billing_url: "http://127.0.0.1:9".to_owned(),
            service_key,
        };
        let service = usher_identity::Service::start(config, clock, &tasks).await.unwrap();
        let identity_url = serve(&tasks, |listener, tasks| service.serve(listener, tasks)).await;
        let tenant = connect(&tenant_url).unwrap();
        let gateway = issue(&tenant, "gateway", &gateway_key).await;
        let mut site = Self {
            identity: connect(&identity_url).unwrap(),
            tenant,
            operator,
            gateway,
            workspace: WorkspaceId::from_uuid(uuid::Uuid::nil()),
            tasks,
        };
        site.make_workspace().await;
        site
    }

    async fn make_workspace(&mut self) {
        let plan = tenant::Plan { name: "Open".into(), scim: true, ..Default::default() };
        let message = tenant::CreatePlanRequest { plan: Some(plan) };
        PlanServiceClient::new(self.tenant.clone()).create_plan(self.operated(message)).await.unwrap();
        let message = tenant::CreateWorkspaceRequest {
            slug: SLUG.into(),
            name: "Acme".into(),
            plan: "Open".into(),
            ..Default::default()
        };
        let made = WorkspaceServiceClient::new(self.tenant.clone())
            .create_workspace(self.operated(message))
            .await
            .unwrap();
        self.workspace = made.into_inner().workspace.unwrap().id.parse().unwrap();
    }

    fn operated<T>(&self, message: T) -> Request<T> {
        request(&self.operator, Some(self.workspace), message)
    }

    /// An API app with a token of its own.
    pub async fn app(&self, name: &str) -> Caller {
        let message = tenant::CreateAppRequest { name: name.to_owned(), ..Default::default() };
        let app =
            AppServiceClient::new(self.tenant.clone()).create_app(self.operated(message)).await.unwrap();
        let app_id = app.into_inner().app.unwrap().id;
        let message = tenant::CreateTokenRequest { app_id, name: "first".into(), ..Default::default() };
        let token =
            TokenServiceClient::new(self.tenant.clone()).create_token(self.operated(message)).await.unwrap();
        let message = tenant::CheckTokenRequest { workspace: SLUG.into(), token: token.into_inner().secret };
        let checked = AccessServiceClient::new(self.tenant.clone())
            .check_token(request(&self.gateway, None, message))
            .await
            .unwrap();
        self.caller(checked.into_inner().credential)
    }

    /// The operator.
    pub fn operator(&self) -> Caller {
        self.caller(self.operator.clone())
    }

    fn caller(&self, credential: String) -> Caller {
        Caller { channel: self.identity.clone(), credential, workspace: self.workspace }
    }
}

async fn serve<F>(tasks: &Tasks, service: impl FnOnce(TcpListener, Tasks) -> F) -> String
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(service(listener, tasks.clone()));
    url
}

fn open(url: String) -> Database {
    Database::open(&DatabaseConfig {
        url,
        max_connections: 2,
        statement_timeout: Duration::from_secs(10),
        application: "test",
    })
    .unwrap()
}

async fn issue(channel: &Channel, name: &str, key: &ServiceKey) -> String {
    let message = tenant::IssueCredentialRequest { name: name.to_owned(), key: key.expose().to_owned() };
    CredentialServiceClient::new(channel.clone())
        .issue_credential(message)
        .await
        .unwrap()
        .into_inner()
        .credential
}

fn request<T>(credential: &str, workspace: Option<WorkspaceId>, message: T) -> Request<T> {
    let outgoing = Outgoing { credential, workspace, request_id: "test", trace: None, timeout: DEADLINE };
    outgoing.request(message)
}

fn take<T>(answer: Result<Response<T>, Status>) -> Answer<T> {
    Ok(answer?.into_inner())
}

/// A PatchOp message.
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
        let message = pb::CreateUserRequest { document_json: document.to_string(), ..Default::default() };
        take(self.users().create_user(self.request(message)).await)
    }

    /// Creates a user with nothing but a name.
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

    pub async fn delete(&self, id: &str) -> Answer<()> {
        let message = pb::DeleteUserRequest { id: id.to_owned(), if_versions: Vec::new() };
        take(self.users().delete_user(self.request(message)).await).map(drop)
    }

    pub async fn list(&self, message: pb::ListUsersRequest) -> Answer<pb::ListUsersResponse> {
        take(self.users().list_users(self.request(message)).await)
    }

    /// The user names that a filter finds, sorted.
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

    /// The names of the groups that a filter finds.
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

    pub async fn changes(&self) -> Vec<pb::Change> {
        let message = pb::ListChangesRequest { after_sequence: 0, page_size: 1_000 };
        let mut client = ChangeServiceClient::new(self.channel.clone());
        take(client.list_changes(self.request(message)).await).unwrap().changes
    }
}
