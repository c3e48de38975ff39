//! `usher.tenant.v1.PolicyService`

use tonic::{Request, Response, Status};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::policy_service_server::PolicyService;
use usher_rpc::convert::{invalid, parse};
use usher_rpc::open;
use usher_store::Database;

use crate::policies;

/// The maximum number of workspaces per call.
const MAX_WORKSPACES: usize = 1_000;

/// Implements the methods for policies.
pub(crate) struct PolicyApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl PolicyService for PolicyApi {
    async fn get_policy(
        &self,
        request: Request<pb::GetPolicyRequest>,
    ) -> Result<Response<pb::GetPolicyResponse>, Status> {
        let (ctx, _) = open(request)?;
        let policy = policies::get(&self.database, &ctx).await?;
        Ok(Response::new(pb::GetPolicyResponse { policy: Some(policy.into()) }))
    }

    async fn list_suspended(
        &self,
        request: Request<pb::ListSuspendedRequest>,
    ) -> Result<Response<pb::ListSuspendedResponse>, Status> {
        let (ctx, message) = open(request)?;
        if message.workspace_ids.len() > MAX_WORKSPACES {
            return Err(invalid("workspace_ids", format!("name at most {MAX_WORKSPACES}")).into());
        }
        let ids = message.workspace_ids.iter().map(|id| parse("workspace_ids", id));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let suspended = policies::suspended(&self.database, &ctx, &ids).await?;
        Ok(Response::new(pb::ListSuspendedResponse {
            workspace_ids: suspended.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn has_app(
        &self,
        request: Request<pb::HasAppRequest>,
    ) -> Result<Response<pb::HasAppResponse>, Status> {
        let (ctx, message) = open(request)?;
        let app = parse("app_id", &message.app_id)?;
        let found = policies::has_app(&self.database, &ctx, app).await?;
        Ok(Response::new(pb::HasAppResponse { found }))
    }
}
