//! `usher.billing.v1.Invoicing`

use std::pin::Pin;

use futures::Stream;
use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::invoicing_server::Invoicing;
use usher_rpc::convert::parse;
use usher_rpc::{Tasks, open, status};
use usher_store::Database;

use super::convert::optional_time;
use crate::allocations;
use crate::closing;
use crate::forecast;
use crate::invoices;

/// Serves periods and invoices.
pub(crate) struct InvoicingApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

/// The most allocations in one message.
const CHUNK: usize = 1_000;

type Allocations = Pin<Box<dyn Stream<Item = Result<pb::ListAllocationsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Invoicing for InvoicingApi {
    type ListAllocationsStream = Allocations;

    async fn list_periods(
        &self,
        request: Request<pb::ListPeriodsRequest>,
    ) -> Result<Response<pb::ListPeriodsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let (closed, next) = invoices::list(&self.database, &ctx).await.map_err(status)?;
        let mut periods: Vec<pb::PeriodSummary> = closed.into_iter().map(pb::PeriodSummary::from).collect();
        if let Some(next) = next {
            periods.push(pb::PeriodSummary::try_from(next).map_err(status)?);
        }
        Ok(Response::new(pb::ListPeriodsResponse { periods }))
    }

    async fn get_invoice(
        &self,
        request: Request<pb::GetInvoiceRequest>,
    ) -> Result<Response<pb::GetInvoiceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = parse("start_date", &message.start_date).map_err(status)?;
        let known_at = optional_time("known_time", message.known_time).map_err(status)?;
        let invoice = invoices::get(&self.database, &ctx, first, known_at).await.map_err(status)?;
        Ok(Response::new(pb::GetInvoiceResponse { invoice: Some(invoice.into()) }))
    }

    async fn list_allocations(
        &self,
        request: Request<pb::ListAllocationsRequest>,
    ) -> Result<Response<Allocations>, Status> {
        let (ctx, message) = open(request)?;
        let first = parse("start_date", &message.start_date).map_err(status)?;
        let shares = allocations::get(&self.database, &ctx, first).await.map_err(status)?;
        let chunks: Vec<_> = shares
            .chunks(CHUNK)
            .map(|chunk| {
                let allocations = chunk.iter().map(pb::Allocation::from).collect();
                Ok(pb::ListAllocationsResponse { allocations })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(chunks))))
    }

    async fn close_period(
        &self,
        request: Request<pb::ClosePeriodRequest>,
    ) -> Result<Response<pb::ClosePeriodResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = parse("start_date", &message.start_date).map_err(status)?;
        let database = self.database.clone();
        let work = async move {
            closing::close(&database, &ctx, first, message.expected_sequence).await?;
            invoices::get(&database, &ctx, first, None).await
        };
        let invoice = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::ClosePeriodResponse { invoice: Some(invoice.into()) }))
    }

    async fn get_forecast(
        &self,
        request: Request<pb::GetForecastRequest>,
    ) -> Result<Response<pb::GetForecastResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = parse("start_date", &message.start_date).map_err(status)?;
        let forecast = forecast::get(&self.database, &ctx, first).await.map_err(status)?;
        Ok(Response::new(forecast.into()))
    }
}
