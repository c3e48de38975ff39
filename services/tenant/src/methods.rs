//! Which permission each method needs. A method without a row here is not served.

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
];
