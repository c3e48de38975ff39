//! Which permission each method needs. A method without a row here is not served.
//!
//! # What asks an admin for their own password again
//!
//! Whatever lets somebody in, or more in, and what an admin can't simply undo; a session that was stolen does none of it.
//! What only narrows is done at once: an admin who sees a token leak at three in the morning must be quick. Reading
//! asks for nothing. The suite (`password_again.rs`) tries every row of [`METHODS`] that an admin may call.
//!
//! | method | asks | why |
//! |---|---|---|
//! | `CreateAdmin`, `UpdateAdmin`, `SetPassword` | yes | somebody else can act, or act as somebody else |
//! | `DeleteAdmin`, `EndSessions` of another | yes | who does not act themselves could be kept out |
//! | `EndSessions` of one's own | no | it only narrows |
//! | `CreateToken` | yes | whoever has the token provisions |
//! | `RevokeToken` | no | it only narrows, and must be quick |
//! | `ApproveDomain` | yes | more people get in |
//! | `RemoveDomain` | yes | people of the domain can't be provisioned any more |
//! | `UpdateApp` | yes | stable `externalId`s decide who comes back to whose account |
//! | `DeleteApp` | yes | all its tokens end, and it does not come back |
//! | `CreateApp` | no | an app without a token lets nobody in |
//! | `GetWorkspace`, `ListAdmins`, `ListApps`, `ListTokens`, `ListDomains`, `ListAuditEntries`, `ListLogEntries` | no | they read |
//!
//! At identity and billing an admin reads, and names the workspace's own attributes, which let nobody in.

use usher_base::Permission;
use usher_rpc::Method;

const GATEWAY: &[Permission] = &[Permission::AccessCheck];
const OPERATOR: &[Permission] = &[Permission::TenantAdmin];
const ADMIN: &[Permission] = &[Permission::WorkspaceAdmin, Permission::TenantAdmin];
const POLICIES: &[Permission] = &[Permission::PoliciesRead];

/// Every method of the service.
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
    Method::new("/usher.tenant.v1.AdminService/CreateAdmin", ADMIN),
    Method::new("/usher.tenant.v1.AdminService/ListAdmins", ADMIN),
    Method::new("/usher.tenant.v1.AdminService/UpdateAdmin", ADMIN),
    Method::new("/usher.tenant.v1.AdminService/DeleteAdmin", ADMIN),
    Method::new("/usher.tenant.v1.AdminService/SetPassword", ADMIN),
    Method::new("/usher.tenant.v1.AdminService/EndSessions", ADMIN),
    Method::public("/usher.tenant.v1.AdminService/SignIn"),
    Method::new("/usher.tenant.v1.AppService/CreateApp", ADMIN),
    Method::new("/usher.tenant.v1.AppService/ListApps", ADMIN),
    Method::new("/usher.tenant.v1.AppService/UpdateApp", ADMIN),
    Method::new("/usher.tenant.v1.AppService/DeleteApp", ADMIN),
    Method::new("/usher.tenant.v1.TokenService/CreateToken", ADMIN),
    Method::new("/usher.tenant.v1.TokenService/ListTokens", ADMIN),
    Method::new("/usher.tenant.v1.TokenService/RevokeToken", ADMIN),
    Method::new("/usher.tenant.v1.AuditService/ListAuditEntries", ADMIN),
    Method::new("/usher.tenant.v1.ProvisioningLogService/AppendLogEntries", GATEWAY),
    Method::new("/usher.tenant.v1.ProvisioningLogService/ListLogEntries", ADMIN),
    Method::new("/usher.tenant.v1.PlanService/CreatePlan", OPERATOR),
    Method::new("/usher.tenant.v1.PlanService/ListPlans", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/CreateWorkspace", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/GetWorkspace", ADMIN),
    Method::new("/usher.tenant.v1.WorkspaceService/ListWorkspaces", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/UpdateWorkspace", OPERATOR),
    Method::new("/usher.tenant.v1.WorkspaceService/ResolveWorkspace", POLICIES),
    Method::new("/usher.tenant.v1.DomainService/ApproveDomain", ADMIN),
    Method::new("/usher.tenant.v1.DomainService/ListDomains", ADMIN),
    Method::new("/usher.tenant.v1.DomainService/RemoveDomain", ADMIN),
    Method::new("/usher.tenant.v1.PolicyService/GetPolicy", POLICIES),
    Method::new("/usher.tenant.v1.PolicyService/ListSuspended", POLICIES),
    Method::new("/usher.tenant.v1.PolicyService/HasApp", POLICIES),
];
