//! `usher.billing.v1.LimitService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::limit_service_server::LimitService;
use usher_rpc::convert::missing;
use usher_rpc::{Pollers, Tasks, open, required_enum};
use usher_store::Database;

use crate::grpc::watch::{Watch, watch};
use crate::limits;
use crate::limits::alerts;
use crate::limits::limit_versions::Said;
use crate::limits::look::EVERY;
use crate::limits::view::{Counts, LimitView, Shown};

pub(crate) struct LimitApi {
    database: Database,
    pollers: Pollers<Counts>,
    tasks: Tasks,
}

impl LimitApi {
    pub(crate) fn new(database: Database, tasks: Tasks) -> Self {
        Self { database, pollers: Pollers::new(EVERY, tasks.clone()), tasks }
    }
}

#[tonic::async_trait]
impl LimitService for LimitApi {
    type WatchLimitsStream = Watch<pb::WatchLimitsResponse>;

    async fn get_limits(
        &self,
        request: Request<pb::GetLimitsRequest>,
    ) -> Result<Response<pb::GetLimitsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let limits = limits::get(&self.database, &ctx).await?;
        let alerts = alerts::list(&self.database, &ctx).await?;
        Ok(Response::new(Shown { limits, alerts }.into()))
    }

    async fn watch_limits(
        &self,
        request: Request<pb::WatchLimitsRequest>,
    ) -> Result<Response<Watch<pb::WatchLimitsResponse>>, Status> {
        let (ctx, _) = open(request)?;
        let view = LimitView::open(&self.database, &self.pollers, &ctx)?;
        Ok(watch(&self.tasks, view))
    }

    async fn check_capacity(
        &self,
        request: Request<pb::CheckCapacityRequest>,
    ) -> Result<Response<pb::CheckCapacityResponse>, Status> {
        let (ctx, message) = open(request)?;
        let pool = required_enum("pool", message.pool)?;
        let capacity = limits::check(&self.database, &ctx, pool, message.delta).await?;
        Ok(Response::new(pb::CheckCapacityResponse {
            would_fit: capacity.would_fit,
            in_use: capacity.in_use,
            quantity: capacity.quantity,
        }))
    }

    async fn set_limit(
        &self,
        request: Request<pb::SetLimitRequest>,
    ) -> Result<Response<pb::SetLimitResponse>, Status> {
        let (ctx, message) = open(request)?;
        let limit = message.limit.ok_or_else(|| missing("limit"))?;
        let said = Said::try_from(limit)?;
        let database = self.database.clone();
        let work = async move { limits::say(&database, &ctx, said).await };
        let limit = self.tasks.detach(work).await?;
        Ok(Response::new(pb::SetLimitResponse { limit: Some(limit.into()) }))
    }

    async fn clear_limit(
        &self,
        request: Request<pb::ClearLimitRequest>,
    ) -> Result<Response<pb::ClearLimitResponse>, Status> {
        let (ctx, message) = open(request)?;
        let said = Said { pool: required_enum("pool", message.pool)?, rule: None };
        let database = self.database.clone();
        let work = async move { limits::say(&database, &ctx, said).await };
        let limit = self.tasks.detach(work).await?;
        Ok(Response::new(pb::ClearLimitResponse { limit: Some(limit.into()) }))
    }
}
