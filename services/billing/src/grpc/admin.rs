//! `usher.billing.v1.BillingAdmin`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::billing_admin_server::BillingAdmin;
use usher_rpc::convert::missing;
use usher_rpc::{Tasks, open, status};
use usher_store::Database;

use crate::accounts::{self, Account};
use crate::prices::{self, NewPrice};

/// Serves accounts and prices.
pub(crate) struct AdminApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl BillingAdmin for AdminApi {
    async fn upsert_account(
        &self,
        request: Request<pb::UpsertAccountRequest>,
    ) -> Result<Response<pb::UpsertAccountResponse>, Status> {
        let (ctx, message) = open(request)?;
        let account = message.account.ok_or_else(|| status(missing("account")))?;
        let account = Account::try_from(account).map_err(status)?;
        let database = self.database.clone();
        let work = async move { accounts::upsert(&database, &ctx, account).await };
        let account = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::UpsertAccountResponse { account: Some(account.into()) }))
    }

    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::GetAccountResponse>, Status> {
        let (ctx, _) = open(request)?;
        let account = accounts::get(&self.database, &ctx).await.map_err(status)?;
        Ok(Response::new(pb::GetAccountResponse { account: Some(account.into()) }))
    }

    async fn create_price_version(
        &self,
        request: Request<pb::CreatePriceVersionRequest>,
    ) -> Result<Response<pb::CreatePriceVersionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let version = message.price_version.ok_or_else(|| status(missing("price_version")))?;
        let new = NewPrice::try_from(version).map_err(status)?;
        let database = self.database.clone();
        let work = async move { prices::create(&database, &ctx, new).await };
        let version = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::CreatePriceVersionResponse { price_version: Some(version.into()) }))
    }

    async fn list_price_versions(
        &self,
        request: Request<pb::ListPriceVersionsRequest>,
    ) -> Result<Response<pb::ListPriceVersionsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let versions = prices::list(&self.database, &ctx).await.map_err(status)?;
        let price_versions = versions.into_iter().map(pb::PriceVersion::from).collect();
        Ok(Response::new(pb::ListPriceVersionsResponse { price_versions }))
    }
}
