//! `usher.billing.v1.PriceService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::price_service_server::PriceService;
use usher_rpc::convert::{missing, parse};
use usher_rpc::{Tasks, open};
use usher_store::Database;

use crate::terms::prices;
use crate::terms::prices::NewPrice;

pub(crate) struct PriceApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl PriceService for PriceApi {
    async fn create_price_version(
        &self,
        request: Request<pb::CreatePriceVersionRequest>,
    ) -> Result<Response<pb::CreatePriceVersionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let version = message.price_version.ok_or_else(|| missing("price_version"))?;
        let new = NewPrice::try_from(version)?;
        let database = self.database.clone();
        let work = async move { prices::create(&database, &ctx, new).await };
        let version = self.tasks.detach(work).await?;
        Ok(Response::new(pb::CreatePriceVersionResponse { price_version: Some(version.into()) }))
    }

    async fn withdraw_price_version(
        &self,
        request: Request<pb::WithdrawPriceVersionRequest>,
    ) -> Result<Response<pb::WithdrawPriceVersionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id = parse("id", &message.id)?;
        let database = self.database.clone();
        let work = async move { prices::withdraw(&database, &ctx, id).await };
        let version = self.tasks.detach(work).await?;
        Ok(Response::new(pb::WithdrawPriceVersionResponse { price_version: Some(version.into()) }))
    }

    async fn list_price_versions(
        &self,
        request: Request<pb::ListPriceVersionsRequest>,
    ) -> Result<Response<pb::ListPriceVersionsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let versions = prices::list(&self.database, &ctx).await?;
        let price_versions = versions.into_iter().map(pb::PriceVersion::from).collect();
        Ok(Response::new(pb::ListPriceVersionsResponse { price_versions }))
    }
}
