//! `usher.billing.v1.Invoicing`

use std::pin::Pin;

use futures::Stream;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use usher_base::CallContext;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::export_report_response::Part;
use usher_proto::billing::v1::invoicing_server::Invoicing;
use usher_rpc::{Tasks, open, required_enum, status};
use usher_store::Database;

use super::convert::{date, manifest, optional_time};
use crate::allocations;
use crate::closing;
use crate::credit_notes::{self, NewCreditNote};
use crate::error::BillingError;
use crate::forecast;
use crate::invoices;
use crate::reports::{self, Order, Writer};
use crate::what_if::WhatIf;

/// Serves periods and invoices.
pub(crate) struct InvoicingApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

/// The most allocations in one message.
const CHUNK: usize = 1_000;

type Parts = Pin<Box<dyn Stream<Item = Result<pb::ExportReportResponse, Status>> + Send>>;
type Allocations = Pin<Box<dyn Stream<Item = Result<pb::ListAllocationsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Invoicing for InvoicingApi {
    type ListAllocationsStream = Allocations;
    type ExportReportStream = Parts;

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
        let first = date("start_date", &message.start_date).map_err(status)?;
        let known_at = optional_time("known_time", message.known_time).map_err(status)?;
        let invoice = invoices::get(&self.database, &ctx, first, known_at).await.map_err(status)?;
        Ok(Response::new(pb::GetInvoiceResponse { invoice: Some(invoice.into()) }))
    }

    async fn list_allocations(
        &self,
        request: Request<pb::ListAllocationsRequest>,
    ) -> Result<Response<Allocations>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date).map_err(status)?;
        let known_at = optional_time("known_time", message.known_time).map_err(status)?;
        let shares = allocations::get(&self.database, &ctx, first, known_at).await.map_err(status)?;
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
        let first = date("start_date", &message.start_date).map_err(status)?;
        let database = self.database.clone();
        let work = async move {
            closing::close(&database, &ctx, first, message.expected_sequence).await?;
            invoices::get(&database, &ctx, first, None).await
        };
        let invoice = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::ClosePeriodResponse { invoice: Some(invoice.into()) }))
    }

    async fn preview_invoice(
        &self,
        request: Request<pb::PreviewInvoiceRequest>,
    ) -> Result<Response<pb::PreviewInvoiceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date).map_err(status)?;
        let known_at = optional_time("known_time", message.known_time).map_err(status)?;
        let what_if = WhatIf::try_from((message.prices, message.seats)).map_err(status)?;
        let invoice = invoices::preview(&self.database, &ctx, first, known_at, &what_if).await;
        Ok(Response::new(pb::PreviewInvoiceResponse { invoice: Some(invoice.map_err(status)?.into()) }))
    }

    async fn issue_credit_note(
        &self,
        request: Request<pb::IssueCreditNoteRequest>,
    ) -> Result<Response<pb::IssueCreditNoteResponse>, Status> {
        let (ctx, message) = open(request)?;
        let new = NewCreditNote::try_from(message).map_err(status)?;
        let database = self.database.clone();
        let work = async move { credit_notes::issue(&database, &ctx, new).await };
        let note = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::IssueCreditNoteResponse { credit_note: Some(note.into()) }))
    }

    async fn get_forecast(
        &self,
        request: Request<pb::GetForecastRequest>,
    ) -> Result<Response<pb::GetForecastResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date).map_err(status)?;
        let known_at = optional_time("known_time", message.known_time).map_err(status)?;
        let forecast = forecast::get(&self.database, &ctx, first, known_at).await.map_err(status)?;
        Ok(Response::new(forecast.into()))
    }

    async fn export_report(
        &self,
        request: Request<pb::ExportReportRequest>,
    ) -> Result<Response<Parts>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date).map_err(status)?;
        let known_at = optional_time("known_time", message.known_time).map_err(status)?;
        // The file is of one moment, which the manifest names.
        let known_at = known_at.unwrap_or_else(|| ctx.now());
        let order = Order {
            report: required_enum("report", message.report).map_err(status)?,
            format: required_enum("format", message.format).map_err(status)?,
            date: first,
            known_at: Some(known_at),
            all_workspaces: message.all_workspaces,
        };
        let (sender, receiver) = mpsc::channel(4);
        let (database, tasks) = (self.database.clone(), self.tasks.clone());
        drop(self.tasks.spawn(async move {
            tokio::select! {
                () = tasks.stopping() => {}
                () = export(&database, &ctx, order, known_at, &sender) => {}
            }
        }));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Sends a report's chunks, then its manifest; or why it ends early.
async fn export(
    database: &Database,
    ctx: &CallContext,
    order: Order,
    known_at: Timestamp,
    answers: &mpsc::Sender<Result<pb::ExportReportResponse, Status>>,
) {
    let (sender, mut parts) = mpsc::channel(2);
    let mut writer = Writer::new(order.format, order.all_workspaces, sender);
    let write = async {
        let about = reports::write(database, ctx, order, &mut writer).await?;
        Ok::<_, BillingError>((about, writer.finish().await?))
    };
    let forward = async {
        while let Some(chunk) = parts.recv().await {
            let part = Some(Part::Chunk(chunk));
            if answers.send(Ok(pb::ExportReportResponse { part })).await.is_err() {
                return;
            }
        }
    };
    let (written, ()) = tokio::join!(write, forward);
    let last = match written {
        Ok((about, written)) => Ok(pb::ExportReportResponse {
            part: Some(Part::Manifest(manifest(order, &about, written, known_at))),
        }),
        Err(BillingError::ReaderGone) => return,
        Err(error) => Err(status(error)),
    };
    // A reader that has gone away does not want it.
    let _ = answers.send(last).await;
}
