//! The table of RPCs.

mod billing;

use usher_proto::identity::v1 as identity;
use usher_proto::tenant::v1 as tenant;

use super::Subject;

/// The password of the admin whose credential is used.
const OWN_PASSWORD: &str = "correct horse battery";

/// An RPC, with a message that asks for the subject's data.
pub(super) struct Row {
    pub(super) path: &'static str,
    pub(super) message: Vec<u8>,
    /// Whether it is called without a credential.
    pub(super) public: bool,
}

fn row(path: &'static str, message: &impl prost::Message) -> Row {
    Row { path, message: message.encode_to_vec(), public: false }
}

fn public(path: &'static str, message: &impl prost::Message) -> Row {
    Row { public: true, ..row(path, message) }
}

/// All RPCs. `mark` distinguishes what different calls create.
pub(super) fn rows(subject: &Subject, mark: &str) -> Vec<Row> {
    [
        tenants(subject, mark),
        access(subject, mark),
        users(subject, mark),
        groups(subject, mark),
        attributes(mark),
        billing::rows(subject),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tenants(subject: &Subject, mark: &str) -> Vec<Row> {
    let plan = tenant::Plan { name: format!("Plan {mark}"), scim: true, ..Default::default() };
    vec![
        row("/usher.tenant.v1.PlanService/CreatePlan", &tenant::CreatePlanRequest { plan: Some(plan) }),
        row("/usher.tenant.v1.PlanService/ListPlans", &tenant::ListPlansRequest {}),
        row(
            "/usher.tenant.v1.WorkspaceService/CreateWorkspace",
            &tenant::CreateWorkspaceRequest {
                slug: format!("w-{mark}"),
                name: "W".into(),
                plan: "Enterprise".into(),
                ..Default::default()
            },
        ),
        row(
            "/usher.tenant.v1.WorkspaceService/GetWorkspace",
            &tenant::GetWorkspaceRequest { workspace: subject.slug.clone() },
        ),
        row("/usher.tenant.v1.WorkspaceService/ListWorkspaces", &tenant::ListWorkspacesRequest::default()),
        row(
            "/usher.tenant.v1.WorkspaceService/UpdateWorkspace",
            &tenant::UpdateWorkspaceRequest { name: Some("Mine".into()), ..Default::default() },
        ),
        row(
            "/usher.tenant.v1.WorkspaceService/ResolveWorkspace",
            &tenant::ResolveWorkspaceRequest { slug: subject.slug.clone() },
        ),
        row(
            "/usher.tenant.v1.DomainService/ApproveDomain",
            &tenant::ApproveDomainRequest { name: "evil.example".into(), own_password: OWN_PASSWORD.into() },
        ),
        row("/usher.tenant.v1.DomainService/ListDomains", &tenant::ListDomainsRequest {}),
        row(
            "/usher.tenant.v1.DomainService/RemoveDomain",
            &tenant::RemoveDomainRequest {
                name: format!("{}.example", subject.slug),
                own_password: OWN_PASSWORD.into(),
            },
        ),
        row("/usher.tenant.v1.PolicyService/GetPolicy", &tenant::GetPolicyRequest {}),
        row(
            "/usher.tenant.v1.PolicyService/ListSuspended",
            &tenant::ListSuspendedRequest { workspace_ids: vec![subject.workspace.clone()] },
        ),
        row("/usher.tenant.v1.PolicyService/HasApp", &tenant::HasAppRequest { app_id: subject.app.clone() }),
        row(
            "/usher.tenant.v1.AdminService/CreateAdmin",
            &tenant::CreateAdminRequest {
                email: format!("spy-{mark}@evil.example"),
                password: "correct horse battery".into(),
                permissions: Vec::new(),
                own_password: OWN_PASSWORD.into(),
            },
        ),
        row("/usher.tenant.v1.AdminService/ListAdmins", &tenant::ListAdminsRequest {}),
        row(
            "/usher.tenant.v1.AdminService/UpdateAdmin",
            &tenant::UpdateAdminRequest {
                id: subject.admin.clone(),
                permissions: Vec::new(),
                own_password: OWN_PASSWORD.into(),
            },
        ),
        row(
            "/usher.tenant.v1.AdminService/DeleteAdmin",
            &tenant::DeleteAdminRequest { id: subject.admin.clone(), own_password: OWN_PASSWORD.into() },
        ),
        row(
            "/usher.tenant.v1.AdminService/SetPassword",
            &tenant::SetPasswordRequest {
                id: subject.admin.clone(),
                password: "a password of the spy".into(),
                own_password: OWN_PASSWORD.into(),
            },
        ),
        row(
            "/usher.tenant.v1.AdminService/EndSessions",
            &tenant::EndSessionsRequest { id: subject.admin.clone(), own_password: OWN_PASSWORD.into() },
        ),
        row(
            "/usher.tenant.v1.AuditService/ListAuditEntries",
            &tenant::ListAuditEntriesRequest { page_size: 500, ..Default::default() },
        ),
        public(
            "/usher.tenant.v1.AdminService/SignIn",
            &tenant::SignInRequest {
                workspace: subject.slug.clone(),
                email: "boss@acme.example".into(),
                password: "correct horse battery".into(),
            },
        ),
    ]
}

fn access(subject: &Subject, mark: &str) -> Vec<Row> {
    let app_id = || subject.app.clone();
    vec![
        row(
            "/usher.tenant.v1.AppService/CreateApp",
            &tenant::CreateAppRequest { name: format!("App {mark}"), description: String::new() },
        ),
        row("/usher.tenant.v1.AppService/ListApps", &tenant::ListAppsRequest {}),
        row(
            "/usher.tenant.v1.AppService/UpdateApp",
            &tenant::UpdateAppRequest {
                id: app_id(),
                profile: tenant::ScimProfile::Strict.into(),
                external_id_stable: None,
                own_password: OWN_PASSWORD.into(),
            },
        ),
        row(
            "/usher.tenant.v1.AppService/DeleteApp",
            &tenant::DeleteAppRequest { id: app_id(), own_password: OWN_PASSWORD.into() },
        ),
        row(
            "/usher.tenant.v1.TokenService/CreateToken",
            &tenant::CreateTokenRequest {
                app_id: app_id(),
                own_password: OWN_PASSWORD.into(),
                ..Default::default()
            },
        ),
        row("/usher.tenant.v1.TokenService/ListTokens", &tenant::ListTokensRequest { app_id: app_id() }),
        row(
            "/usher.tenant.v1.TokenService/RevokeToken",
            &tenant::RevokeTokenRequest { id: subject.token.clone() },
        ),
        row(
            "/usher.tenant.v1.AccessService/CheckToken",
            &tenant::CheckTokenRequest { workspace: subject.slug.clone(), token: "ush_x".into() },
        ),
        row("/usher.tenant.v1.AccessService/WatchAccess", &tenant::WatchAccessRequest {}),
        row(
            "/usher.tenant.v1.ProvisioningLogService/AppendLogEntries",
            &tenant::AppendLogEntriesRequest {
                logs: vec![tenant::WorkspaceLog {
                    workspace: subject.slug.clone(),
                    entries: vec![tenant::LogEntry {
                        id: uuid::Uuid::new_v4().to_string(),
                        time: Some(prost_types::Timestamp::default()),
                        ..Default::default()
                    }],
                }],
            },
        ),
        row(
            "/usher.tenant.v1.ProvisioningLogService/ListLogEntries",
            &tenant::ListLogEntriesRequest::default(),
        ),
        row(
            "/usher.tenant.v1.ServiceKeyService/CreateServiceKey",
            &tenant::CreateServiceKeyRequest {
                name: format!("spy-{mark}"),
                scopes: vec!["users.read".into()],
                workspace: subject.slug.clone(),
                expire_time: None,
            },
        ),
        row("/usher.tenant.v1.ServiceKeyService/ListServiceKeys", &tenant::ListServiceKeysRequest {}),
        row(
            "/usher.tenant.v1.ServiceKeyService/RevokeServiceKey",
            &tenant::RevokeServiceKeyRequest { lookup_id: "nothing".into() },
        ),
        public("/usher.tenant.v1.CredentialService/GetKeySet", &tenant::GetKeySetRequest {}),
        public(
            "/usher.tenant.v1.CredentialService/IssueCredential",
            &tenant::IssueCredentialRequest { name: "gateway".into(), key: "usk_x".into() },
        ),
        row("/usher.tenant.v1.CredentialService/RotateKeys", &tenant::RotateKeysRequest {}),
        row("/usher.tenant.v1.CredentialService/ListKeys", &tenant::ListKeysRequest {}),
        row(
            "/usher.tenant.v1.CredentialService/RevokeKey",
            &tenant::RevokeKeyRequest { kid: "0123456789abcdef".into() },
        ),
    ]
}

fn users(subject: &Subject, mark: &str) -> Vec<Row> {
    let id = || subject.user.clone();
    let document_json =
        format!(r#"{{"userName": "spy-{mark}-{}@acme.example"}}"#, uuid::Uuid::new_v4().simple());
    let patch_json = r#"{"Operations": [{"op": "replace", "path": "title", "value": "Spy"}]}"#.to_owned();
    vec![
        row(
            "/usher.identity.v1.UserService/CreateUser",
            &identity::CreateUserRequest { document_json: document_json.clone(), ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/GetUser",
            &identity::GetUserRequest { id: id(), with_provenance: true },
        ),
        row(
            "/usher.identity.v1.UserService/ListUsers",
            &identity::ListUsersRequest { count: 200, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/ReplaceUser",
            &identity::ReplaceUserRequest { id: id(), document_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/PatchUser",
            &identity::PatchUserRequest { id: id(), patch_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/DeleteUser",
            &identity::DeleteUserRequest { id: id(), if_versions: Vec::new() },
        ),
        row(
            "/usher.identity.v1.UserService/GetPersonNames",
            &identity::GetPersonNamesRequest { person_keys: vec![subject.person.clone()] },
        ),
        row("/usher.identity.v1.UserService/EraseUsers", &identity::EraseUsersRequest {}),
        row(
            "/usher.identity.v1.UserService/TakeOverUsers",
            &identity::TakeOverUsersRequest {
                from_app_id: subject.app.clone(),
                to_app_id: "00000000-0000-7000-8000-000000000000".into(),
            },
        ),
        row("/usher.identity.v1.ChangeService/WatchChanges", &identity::WatchChangesRequest::default()),
        row("/usher.identity.v1.ChangeService/ListChanges", &identity::ListChangesRequest::default()),
        row("/usher.identity.v1.SeatService/GetSeats", &identity::GetSeatsRequest {}),
        row(
            "/usher.identity.v1.SeatService/BeginSeatEpoch",
            &identity::BeginSeatEpochRequest { reason: "isolation".into() },
        ),
    ]
}

fn groups(subject: &Subject, mark: &str) -> Vec<Row> {
    let id = || subject.group.clone();
    let document_json = format!(r#"{{"displayName": "Spies {mark} {}"}}"#, uuid::Uuid::new_v4().simple());
    let patch_json = r#"{"Operations": [{"op": "remove", "path": "members"}]}"#.to_owned();
    vec![
        row(
            "/usher.identity.v1.GroupService/CreateGroup",
            &identity::CreateGroupRequest { document_json: document_json.clone(), ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/GetGroup",
            &identity::GetGroupRequest { id: id(), ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/ListGroups",
            &identity::ListGroupsRequest { count: 200, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/ReplaceGroup",
            &identity::ReplaceGroupRequest { id: id(), document_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/PatchGroup",
            &identity::PatchGroupRequest { id: id(), patch_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/DeleteGroup",
            &identity::DeleteGroupRequest { id: id(), if_versions: Vec::new() },
        ),
    ]
}

fn attributes(mark: &str) -> Vec<Row> {
    let name = format!("spy{mark}");
    let attribute = identity::Attribute {
        name: name.clone(),
        r#type: identity::AttributeType::String.into(),
        ..Default::default()
    };
    vec![
        row("/usher.identity.v1.AttributeService/ListAttributes", &identity::ListAttributesRequest {}),
        row(
            "/usher.identity.v1.AttributeService/DefineAttribute",
            &identity::DefineAttributeRequest { attribute: Some(attribute) },
        ),
        row(
            "/usher.identity.v1.AttributeService/DeleteAttribute",
            &identity::DeleteAttributeRequest { name },
        ),
    ]
}
