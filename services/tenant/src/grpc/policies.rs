//! `usher.tenant.v1.PolicyService`

use tonic::{Request, Response, Status};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::policy_service_server::PolicyService;
use usher_rpc::{open, status};
use usher_store::Database;

use crate::policies;

/// Serves policies.
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
        let policy = policies::get(&self.database, &ctx).await.map_err(status)?;
        Ok(Response::new(pb::GetPolicyResponse { policy: Some(policy.into()) }))
    }
}
