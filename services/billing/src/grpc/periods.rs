//! `usher.billing.v1.PeriodService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::period_service_server::PeriodService;
use usher_rpc::{Tasks, open};
use usher_store::Database;

use crate::error::BillingError;
use crate::grpc::convert::date;
use crate::invoicing::{closing, invoices};

pub(crate) struct PeriodApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl PeriodService for PeriodApi {
    async fn list_periods(
        &self,
        request: Request<pb::ListPeriodsRequest>,
    ) -> Result<Response<pb::ListPeriodsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let (closed, next) = invoices::list(&self.database, &ctx).await?;
        let mut periods: Vec<pb::PeriodSummary> = closed.into_iter().map(pb::PeriodSummary::from).collect();
        if let Some(next) = next {
            periods.push(pb::PeriodSummary::try_from(next)?);
        }
        Ok(Response::new(pb::ListPeriodsResponse { periods }))
    }

    async fn close_period(
        &self,
        request: Request<pb::ClosePeriodRequest>,
    ) -> Result<Response<pb::ClosePeriodResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date)?;
        let database = self.database.clone();
        let work = async move {
            closing::close(&database, &ctx, first, message.expected_sequence).await?;
            let (closed, _) = invoices::list(&database, &ctx).await?;
            let closed = closed.into_iter().find(|closed| closed.close.first == first);
            closed.ok_or(BillingError::NotFound("closed period"))
        };
        let closed = self.tasks.detach(work).await?;
        Ok(Response::new(pb::ClosePeriodResponse { period: Some(closed.into()) }))
    }
}
