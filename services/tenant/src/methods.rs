//! The permissions that each method requires. A method without a row here is not served.
//!
//! # Which methods require an admin's own password again
//!
//! Methods that give somebody access, or more access, and those that an admin can't simply undo, so that a stolen
//! session can do none of it. Methods that only remove access need no password: an admin who sees a token leak at
//! three in the morning must be quick. Reading needs none either. The test suite (`password_again.rs`) checks every
//! row of [`METHODS`] that an admin may call.
//!
//! | method | password | reason |
//! |---|---|---|
//! | `CreateAdmin`, `UpdateAdmin`, `SetPassword` | yes | somebody else can act, or act as somebody else |
//! | `DeleteAdmin`, `EndSessions` of another admin | yes | it could lock out somebody |
//! | `EndSessions` of oneself | no | it only removes access |
//! | `CreateToken` | yes | the holder of the token can provision |
//! | `RevokeToken` | no | it only removes access, and must be quick |
//! | `ApproveDomain` | yes | more people get access |
//! | `RemoveDomain` | yes | people of the domain can't be provisioned any more |
//! | `UpdateApp` | yes | stable `externalId` values decide who gets whose account |
//! | `DeleteApp` | yes | all its tokens end permanently |
//! | `CreateApp` | no | an app without a token gives nobody access |
//! | `GetWorkspace`, `ListAdmins`, `ListApps`, `ListTokens`, `ListDomains`, `ListAuditEntries`, `ListLogEntries` | no | they only read |
//!
//! In identity and billing an admin can read, and define custom attributes, which give nobody access.

use usher_base::Permission;
use usher_rpc::Method;

/// Permits to administer a workspace: the first one only the workspace that the credential is bound to.
pub(crate) const ADMIN: [Permission; 2] = [Permission::WorkspaceAdmin, Permission::TenantAdmin];
const GATEWAY: &[Permission] = &[Permission::AccessCheck];
const OPERATOR: &[Permission] = &[Permission::TenantAdmin];
const POLICIES: &[Permission] = &[Permission::PoliciesRead];

/// All methods of the service.
pub const METHODS: &[Method] = &[
    Method::new("/usher.tenant.v1.AccessService/CheckToken", GATEWAY),
    Method::new("/usher.tenant.v1.AccessService/WatchAccess", GATEWAY),
    Method::public("/usher.tenant.v1.CredentialService/GetKeySet"),
    Method::public("/usher.tenant.v1.CredentialService/IssueCredential"),
    Method::new("/usher.tenant.v1.CredentialService/RotateKeys", OPERATOR),
    Method::new("/usher.tenant.v1.CredentialService/ListKeys", OPERATOR),
    Method::new("/usher.tenant.v1.CredentialService/RevokeKey", OPERATOR),
    Method::new("/usher.tenant.v1.ServiceKeyService/CreateServiceKey", OPERATOR),
    Method::new("/usher.tenant.v1.ServiceKeyService/ListServiceKeys", OPERATOR),
    Method::new("/usher.tenant.v1.ServiceKeyService/RevokeServiceKey", OPERATOR),
    Method::new("/usher.tenant.v1.AdminService/CreateAdmin", &ADMIN),
    Method::new("/usher.tenant.v1.AdminService/ListAdmins", &ADMIN),
    Method::new("/usher.tenant.v1.AdminService/UpdateAdmin", &ADMIN),
    Method::new("/usher.tenant.v1.AdminService/DeleteAdmin", &ADMIN),
    Method::new("/usher.tenant.v1.AdminService/SetPassword", &ADMIN),
    Method::new("/usher.tenant.v1.AdminService/EndSessions", &ADMIN),
    Method::public("/usher.tenant.v1.AdminService/SignIn"),
    Method::new("/usher.tenant.v1.AppService/CreateApp", &ADMIN),
    Method::new("/usher.tenant.v1.AppService/ListApps", &ADMIN),
    Method::new("/usher.tenant.v1.AppService/UpdateApp", &ADMIN),
    Method::new("/usher.tenant.v1.AppService/DeleteApp", &ADMIN),
    Method::new("/usher.tenant.v1.TokenService/CreateToken", &ADMIN),
    Method::new("/usher.tenant.v1.TokenService/ListTokens", &ADMIN),
    Method::new("/usher.tenant.v1.TokenService/RevokeToken", &ADMIN),
    Method::new("/usher.tenant.v1.AuditService/ListAuditEntries", &ADMIN),
    Method::new("/usher.tenant.v1.ProvisioningLogService/AppendLogEntries", GATEWAY),
    Method::new("/usher.tenant.v1.ProvisioningLogService/ListLogEntries", &ADMIN),
    Method::new("/usher.tenant.v1.PlanService/CreatePlan", OPERATOR),
    Method::new("/usher.tenant.v1.PlanService/ListPlans", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/CreateWorkspace", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/GetWorkspace", &ADMIN),
    Method::new("/usher.tenant.v1.WorkspaceService/ListWorkspaces", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/UpdateWorkspace", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/ResolveWorkspace", POLICIES),
    Method::new("/usher.tenant.v1.DomainService/ApproveDomain", &ADMIN),
    Method::new("/usher.tenant.v1.DomainService/ListDomains", &ADMIN),
    Method::new("/usher.tenant.v1.DomainService/RemoveDomain", &ADMIN),
    Method::new("/usher.tenant.v1.PolicyService/GetPolicy", POLICIES),
    Method::new("/usher.tenant.v1.PolicyService/ListSuspended", POLICIES),
    Method::new("/usher.tenant.v1.PolicyService/HasApp", POLICIES),
];
