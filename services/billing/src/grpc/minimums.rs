//! `usher.billing.v1.MinimumService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::minimum_service_server::MinimumService;
use usher_rpc::convert::invalid;
use usher_rpc::{Tasks, open};
use usher_store::Database;

use crate::grpc::convert::date;
use crate::terms::minimums;
use crate::terms::model::minimum_spend::MOST_MINOR;

pub(crate) struct MinimumApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl MinimumService for MinimumApi {
    async fn set_minimum_spend(
        &self,
        request: Request<pb::SetMinimumSpendRequest>,
    ) -> Result<Response<pb::SetMinimumSpendResponse>, Status> {
        let (ctx, message) = open(request)?;
        let valid_from = date("valid_from", &message.valid_from)?;
        let amount = message.amount_minor;
        if !(0..=MOST_MINOR).contains(&amount) {
            return Err(invalid("amount_minor", format_args!("it is 0 to {MOST_MINOR}")).into());
        }
        let database = self.database.clone();
        let work = async move { minimums::set(&database, &ctx, valid_from, amount).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::SetMinimumSpendResponse {}))
    }

    async fn list_minimum_spends(
        &self,
        request: Request<pb::ListMinimumSpendsRequest>,
    ) -> Result<Response<pb::ListMinimumSpendsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let found = minimums::list(&self.database, &ctx).await?;
        let minimum_spends = found.into_iter().map(pb::MinimumSpend::from).collect();
        Ok(Response::new(pb::ListMinimumSpendsResponse { minimum_spends }))
    }

    async fn withdraw_minimum_spend(
        &self,
        request: Request<pb::WithdrawMinimumSpendRequest>,
    ) -> Result<Response<pb::WithdrawMinimumSpendResponse>, Status> {
        let (ctx, message) = open(request)?;
        let valid_from = date("valid_from", &message.valid_from)?;
        let database = self.database.clone();
        let work = async move { minimums::withdraw(&database, &ctx, valid_from).await };
        let minimum = self.tasks.detach(work).await?;
        Ok(Response::new(pb::WithdrawMinimumSpendResponse { minimum_spend: Some(minimum.into()) }))
    }
}
