//! Plans, workspaces, domains, admins, apps, tokens.

use anyhow::Context as _;
use tonic::Status;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_proto::seats::v1::AtLimit;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_client::AdminServiceClient;
use usher_proto::tenant::v1::app_service_client::AppServiceClient;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_proto::tenant::v1::domain_service_client::DomainServiceClient;
use usher_proto::tenant::v1::plan_service_client::PlanServiceClient;
use usher_proto::tenant::v1::provisioning_log_service_client::ProvisioningLogServiceClient;
use usher_proto::tenant::v1::service_key_service_client::ServiceKeyServiceClient;
use usher_proto::tenant::v1::token_service_client::TokenServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::Failure;

use super::{Operator, answered};

/// The properties of a new workspace.
#[derive(Clone, Debug)]
pub struct NewWorkspace {
    pub slug: String,
    pub plan: &'static str,
    pub domains: Vec<String>,
    pub at_limit: AtLimit,
    pub seat_limit: Option<i64>,
}

/// A token that was just created.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub id: String,
    pub secret: String,
}

impl Operator {
    /// Creates a plan, unless it exists.
    ///
    /// # Errors
    /// The call fails.
    pub async fn plan(&self, name: &str, scim: bool, enforce_domains: bool) -> anyhow::Result<()> {
        let plan = pb::Plan { name: name.to_owned(), scim, enforce_domains, ..Default::default() };
        let request = self.request(None, pb::CreatePlanRequest { plan: Some(plan) });
        match PlanServiceClient::new(self.tenant()).create_plan(request).await.map_err(Failure::from) {
            Err(failure) if failure.reason != Reason::AlreadyExists => Err(failure).context("CreatePlan"),
            _ => Ok(()),
        }
    }

    /// Creates a workspace and approves its domains.
    ///
    /// # Errors
    /// A call fails.
    pub async fn workspace(&self, new: &NewWorkspace) -> anyhow::Result<WorkspaceId> {
        let message = pb::CreateWorkspaceRequest {
            slug: new.slug.clone(),
            name: new.slug.to_uppercase(),
            plan: new.plan.to_owned(),
            at_limit: new.at_limit.into(),
            seat_limit: new.seat_limit,
        };
        let mut client = WorkspaceServiceClient::new(self.tenant());
        let made = answered("CreateWorkspace", client.create_workspace(self.request(None, message)).await)?;
        let id = made.workspace.unwrap_or_default().id.parse()?;
        for domain in &new.domains {
            self.approve_domain(id, domain, "").await?;
        }
        Ok(id)
    }

    /// Reads a workspace by id or slug.
    ///
    /// # Errors
    /// The call fails.
    pub async fn read_workspace(&self, workspace: &str) -> anyhow::Result<pb::Workspace> {
        let message = pb::GetWorkspaceRequest { workspace: workspace.to_owned() };
        let mut client = WorkspaceServiceClient::new(self.tenant());
        let answer = answered("GetWorkspace", client.get_workspace(self.request(None, message)).await)?;
        Ok(answer.workspace.unwrap_or_default())
    }

    /// Changes a workspace.
    ///
    /// # Errors
    /// The call fails.
    pub async fn update_workspace(
        &self,
        workspace: WorkspaceId,
        message: pb::UpdateWorkspaceRequest,
    ) -> anyhow::Result<pb::Workspace> {
        let mut client = WorkspaceServiceClient::new(self.tenant());
        let answer =
            answered("UpdateWorkspace", client.update_workspace(self.request_for(workspace, message)).await)?;
        Ok(answer.workspace.unwrap_or_default())
    }

    /// Approves a domain.
    ///
    /// # Errors
    /// The call fails.
    pub async fn approve_domain(
        &self,
        workspace: WorkspaceId,
        name: &str,
        own_password: &str,
    ) -> anyhow::Result<()> {
        let message =
            pb::ApproveDomainRequest { name: name.to_owned(), own_password: own_password.to_owned() };
        let mut client = DomainServiceClient::new(self.tenant());
        answered("ApproveDomain", client.approve_domain(self.request_for(workspace, message)).await).map(drop)
    }

    /// Removes a domain.
    ///
    /// # Errors
    /// The call fails.
    pub async fn remove_domain(&self, workspace: WorkspaceId, name: &str) -> anyhow::Result<()> {
        let message = pb::RemoveDomainRequest { name: name.to_owned(), ..Default::default() };
        let mut client = DomainServiceClient::new(self.tenant());
        answered("RemoveDomain", client.remove_domain(self.request_for(workspace, message)).await).map(drop)
    }

    /// The approved domains.
    ///
    /// # Errors
    /// The call fails.
    pub async fn domains(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<pb::Domain>> {
        let mut client = DomainServiceClient::new(self.tenant());
        let request = self.request_for(workspace, pb::ListDomainsRequest {});
        Ok(answered("ListDomains", client.list_domains(request).await)?.domains)
    }

    /// The admins.
    ///
    /// # Errors
    /// The call fails.
    pub async fn admins(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<pb::Admin>> {
        let mut client = AdminServiceClient::new(self.tenant());
        let request = self.request_for(workspace, pb::ListAdminsRequest {});
        Ok(answered("ListAdmins", client.list_admins(request).await)?.admins)
    }

    /// Creates an admin and returns the id.
    ///
    /// # Errors
    /// The call fails.
    pub async fn admin(
        &self,
        workspace: WorkspaceId,
        email: &str,
        password: &str,
        permissions: &[pb::AdminPermission],
    ) -> anyhow::Result<String> {
        let message = pb::CreateAdminRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            permissions: permissions.iter().map(|permission| (*permission).into()).collect(),
            ..Default::default()
        };
        let mut client = AdminServiceClient::new(self.tenant());
        let made = answered("CreateAdmin", client.create_admin(self.request_for(workspace, message)).await)?;
        Ok(made.admin.unwrap_or_default().id)
    }

    /// Signs an admin in and returns the credential.
    ///
    /// # Errors
    /// The call fails.
    pub async fn sign_in(&self, workspace: &str, email: &str, password: &str) -> anyhow::Result<String> {
        let message = pb::SignInRequest {
            workspace: workspace.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
        };
        let mut client = AdminServiceClient::new(self.tenant());
        Ok(answered("SignIn", client.sign_in(message).await)?.credential)
    }

    /// Creates the key of an integration. An empty `workspace` means all.
    ///
    /// # Errors
    /// The call fails.
    pub async fn service_key(
        &self,
        name: &str,
        scopes: &[&str],
        workspace: &str,
        expire_time: Option<prost_types::Timestamp>,
    ) -> Result<pb::CreateServiceKeyResponse, Status> {
        let message = pb::CreateServiceKeyRequest {
            name: name.to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            workspace: workspace.to_owned(),
            expire_time,
        };
        let mut client = ServiceKeyServiceClient::new(self.tenant());
        Ok(client.create_service_key(self.request(None, message)).await?.into_inner())
    }

    /// The credential for a service key.
    ///
    /// # Errors
    /// The call fails.
    pub async fn given(&self, name: &str, key: &str) -> Result<String, Status> {
        let message = pb::IssueCredentialRequest { name: name.to_owned(), key: key.to_owned() };
        let mut client = CredentialServiceClient::new(self.tenant());
        Ok(client.issue_credential(message).await?.into_inner().credential)
    }

    /// Creates an app and returns the id.
    ///
    /// # Errors
    /// The call fails.
    pub async fn app(&self, workspace: WorkspaceId, name: &str) -> anyhow::Result<String> {
        let message = pb::CreateAppRequest { name: name.to_owned(), description: String::new() };
        let mut client = AppServiceClient::new(self.tenant());
        let made = answered("CreateApp", client.create_app(self.request_for(workspace, message)).await)?;
        Ok(made.app.unwrap_or_default().id)
    }

    /// Sets the dialect of an app.
    ///
    /// # Errors
    /// The call fails.
    pub async fn app_profile(
        &self,
        workspace: WorkspaceId,
        id: &str,
        profile: pb::ScimProfile,
    ) -> anyhow::Result<()> {
        let message =
            pb::UpdateAppRequest { id: id.to_owned(), profile: profile.into(), ..Default::default() };
        let mut client = AppServiceClient::new(self.tenant());
        answered("UpdateApp", client.update_app(self.request_for(workspace, message)).await).map(drop)
    }

    /// Declares that an app's `externalId` values are never given to another person.
    ///
    /// # Errors
    /// The call fails.
    pub async fn stable_external_ids(&self, workspace: WorkspaceId, id: &str) -> anyhow::Result<()> {
        let message =
            pb::UpdateAppRequest { id: id.to_owned(), external_id_stable: Some(true), ..Default::default() };
        let mut client = AppServiceClient::new(self.tenant());
        answered("UpdateApp", client.update_app(self.request_for(workspace, message)).await).map(drop)
    }

    /// Creates a token.
    ///
    /// # Errors
    /// The call fails.
    pub async fn token(
        &self,
        workspace: WorkspaceId,
        message: pb::CreateTokenRequest,
    ) -> anyhow::Result<NewToken> {
        let mut client = TokenServiceClient::new(self.tenant());
        let made = answered("CreateToken", client.create_token(self.request_for(workspace, message)).await)?;
        Ok(NewToken { id: made.token.unwrap_or_default().id, secret: made.secret })
    }

    /// The tokens of an app.
    ///
    /// # Errors
    /// The call fails.
    pub async fn tokens(&self, workspace: WorkspaceId, app: &str) -> anyhow::Result<Vec<pb::Token>> {
        let message = pb::ListTokensRequest { app_id: app.to_owned() };
        let mut client = TokenServiceClient::new(self.tenant());
        Ok(answered("ListTokens", client.list_tokens(self.request_for(workspace, message)).await)?.tokens)
    }

    /// A page of the provisioning log, newest first.
    ///
    /// # Errors
    /// The call fails.
    pub async fn log(
        &self,
        workspace: WorkspaceId,
        wanted: pb::ListLogEntriesRequest,
    ) -> anyhow::Result<pb::ListLogEntriesResponse> {
        let mut client = ProvisioningLogServiceClient::new(self.tenant());
        answered("ListLogEntries", client.list_log_entries(self.request_for(workspace, wanted)).await)
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// The call fails.
    pub async fn revoke_token(&self, workspace: WorkspaceId, id: &str) -> anyhow::Result<()> {
        let message = pb::RevokeTokenRequest { id: id.to_owned() };
        let mut client = TokenServiceClient::new(self.tenant());
        answered("RevokeToken", client.revoke_token(self.request_for(workspace, message)).await).map(drop)
    }

    /// Creates a new signing key.
    ///
    /// # Errors
    /// The call fails.
    pub async fn rotate_keys(&self) -> anyhow::Result<pb::PublicKey> {
        let mut client = CredentialServiceClient::new(self.tenant());
        let answer = client.rotate_keys(self.request(None, pb::RotateKeysRequest {})).await;
        Ok(answered("RotateKeys", answer)?.key.unwrap_or_default())
    }
}
