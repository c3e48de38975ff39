//! Conversion between messages and domain types.

use std::collections::BTreeSet;

use usher_proto::tenant::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid, missing, to_wire};
use usher_rpc::{WireEnum as _, cap_to_wire};

use crate::admins::{Admin, AdminPermission};
use crate::apps::{App, Reading};
use crate::domains::ApprovedDomain;
use crate::plans::Plan;
use crate::policies::Policy;
use crate::tokens::Token;
use crate::workspaces::Workspace;

impl From<Plan> for pb::Plan {
    fn from(Plan { id, name, scim, enforce_domains, collaborator_cap }: Plan) -> Self {
        let collaborator_cap = collaborator_cap.map(cap_to_wire);
        Self { id: id.to_string(), name, scim, enforce_domains, collaborator_cap }
    }
}

impl From<Workspace> for pb::Workspace {
    fn from(workspace: Workspace) -> Self {
        let status =
            if workspace.suspended { pb::WorkspaceStatus::Suspended } else { pb::WorkspaceStatus::Active };
        Self {
            id: workspace.id.to_string(),
            slug: workspace.slug,
            name: workspace.name,
            plan: Some(workspace.plan.into()),
            status: status.into(),
            at_limit: workspace.at_limit.to_wire(),
            seat_limit: workspace.seat_limit,
            policy_version: workspace.policy_version,
            create_time: Some(to_wire(workspace.created_at)),
        }
    }
}

impl From<ApprovedDomain> for pb::Domain {
    fn from(ApprovedDomain { name, approved_at, approved_by }: ApprovedDomain) -> Self {
        Self { name, approve_time: Some(to_wire(approved_at)), approved_by }
    }
}

impl From<Policy> for pb::Policy {
    fn from(Policy { workspace, domains }: Policy) -> Self {
        Self {
            version: workspace.policy_version,
            workspace_id: workspace.id.to_string(),
            workspace_slug: workspace.slug,
            enforce_domains: workspace.plan.enforce_domains,
            approved_domains: domains.into_iter().map(|domain| domain.name).collect(),
            at_limit: workspace.at_limit.to_wire(),
            seat_limit: workspace.seat_limit,
            collaborator_cap: workspace.plan.collaborator_cap.map(cap_to_wire),
        }
    }
}

impl From<Admin> for pb::Admin {
    fn from(admin: Admin) -> Self {
        let permission = |permission: &AdminPermission| match permission {
            AdminPermission::ConfigureAdvancedSecuritySettings => {
                i32::from(pb::AdminPermission::ConfigureAdvancedSecuritySettings)
            }
        };
        Self {
            id: admin.id.to_string(),
            email: admin.email,
            permissions: admin.permissions.iter().map(permission).collect(),
            create_time: Some(to_wire(admin.created_at)),
        }
    }
}

pub(super) fn permissions(
    wire: impl Iterator<Item = pb::AdminPermission>,
) -> Result<BTreeSet<AdminPermission>, InvalidArgument> {
    wire.map(|permission| match permission {
        pb::AdminPermission::ConfigureAdvancedSecuritySettings => {
            Ok(AdminPermission::ConfigureAdvancedSecuritySettings)
        }
        pb::AdminPermission::Unspecified => Err(invalid("permissions", "it has an unknown permission")),
    })
    .collect()
}

impl From<App> for pb::App {
    fn from(App { id, name, description, created_at, strict, external_id_stable }: App) -> Self {
        Self {
            id: id.to_string(),
            name,
            description,
            create_time: Some(to_wire(created_at)),
            profile: profile(strict).into(),
            external_id_stable,
        }
    }
}

pub(super) const fn profile(strict: bool) -> pb::ScimProfile {
    if strict { pb::ScimProfile::Strict } else { pb::ScimProfile::Default }
}

impl TryFrom<&pb::UpdateAppRequest> for Reading {
    type Error = InvalidArgument;

    fn try_from(message: &pb::UpdateAppRequest) -> Result<Self, InvalidArgument> {
        let strict = match message.profile() {
            pb::ScimProfile::Strict => Some(true),
            pb::ScimProfile::Default => Some(false),
            pb::ScimProfile::Unspecified => None,
        };
        let reading = Self { strict, external_id_stable: message.external_id_stable };
        if reading == Self::default() { Err(missing("profile")) } else { Ok(reading) }
    }
}

impl From<Token> for pb::Token {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.to_string(),
            app_id: token.app.to_string(),
            name: token.name,
            prefix: format!("{}_{}", usher_base::secret::ScimToken::PREFIX, token.lookup_id),
            create_time: Some(to_wire(token.created_at)),
            expire_time: token.expires_at.map(to_wire),
            revoke_time: token.revoked_at.map(to_wire),
            last_use_time: token.last_used_at.map(to_wire),
        }
    }
}
