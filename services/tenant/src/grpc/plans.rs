//! `usher.tenant.v1.PlanService`

use tonic::{Request, Response, Status};
use usher_base::id::PlanId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::plan_service_server::PlanService;
use usher_rpc::convert::missing;
use usher_rpc::{cap_of_wire, open};
use usher_store::Database;

use crate::plans::{self, Plan};

/// Implements the methods for plans.
pub(crate) struct PlanApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl PlanService for PlanApi {
    async fn create_plan(
        &self,
        request: Request<pb::CreatePlanRequest>,
    ) -> Result<Response<pb::CreatePlanResponse>, Status> {
        let (ctx, message) = open(request)?;
        let new = message.plan.ok_or_else(|| missing("plan"))?;
        let cap = new.collaborator_cap.map(|cap| cap_of_wire("plan.collaborator_cap", cap));
        let plan = Plan {
            id: PlanId::new(ctx.clock()),
            name: new.name,
            scim: new.scim,
            enforce_domains: new.enforce_domains,
            collaborator_cap: cap.transpose()?,
        };
        let plan = plans::create(&self.database, &ctx, plan).await?;
        Ok(Response::new(pb::CreatePlanResponse { plan: Some(plan.into()) }))
    }

    async fn list_plans(
        &self,
        request: Request<pb::ListPlansRequest>,
    ) -> Result<Response<pb::ListPlansResponse>, Status> {
        let (ctx, _) = open(request)?;
        let plans = plans::list(&self.database, &ctx).await?;
        Ok(Response::new(pb::ListPlansResponse { plans: plans.into_iter().map(pb::Plan::from).collect() }))
    }
}
