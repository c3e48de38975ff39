//! `usher.billing.v1.InvoiceService`

use std::pin::Pin;

use futures::Stream;
use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::invoice_service_server::InvoiceService;
use usher_rpc::open;
use usher_store::Database;

use crate::grpc::convert::{date, optional_time};
use crate::invoicing::{allocations, invoices};
use crate::terms::model::what_if::WhatIf;

/// Maximum number of allocations per message.
const CHUNK: usize = 1_000;

type Allocations = Pin<Box<dyn Stream<Item = Result<pb::ListAllocationsResponse, Status>> + Send>>;

pub(crate) struct InvoiceApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl InvoiceService for InvoiceApi {
    type ListAllocationsStream = Allocations;

    async fn get_invoice(
        &self,
        request: Request<pb::GetInvoiceRequest>,
    ) -> Result<Response<pb::GetInvoiceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let invoice = invoices::get(&self.database, &ctx, first, known_at).await?;
        Ok(Response::new(pb::GetInvoiceResponse { invoice: Some(invoice.into()) }))
    }

    async fn preview_invoice(
        &self,
        request: Request<pb::PreviewInvoiceRequest>,
    ) -> Result<Response<pb::PreviewInvoiceResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let what_if = WhatIf::try_from((message.prices, message.seats))?;
        let invoice = invoices::preview(&self.database, &ctx, first, known_at, &what_if).await;
        Ok(Response::new(pb::PreviewInvoiceResponse { invoice: Some(invoice?.into()) }))
    }

    async fn list_allocations(
        &self,
        request: Request<pb::ListAllocationsRequest>,
    ) -> Result<Response<Allocations>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let shares = allocations::get(&self.database, &ctx, first, known_at).await?;
        let chunks: Vec<_> = shares
            .chunks(CHUNK)
            .map(|chunk| {
                let allocations = chunk.iter().map(pb::Allocation::from).collect();
                Ok(pb::ListAllocationsResponse { allocations })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(chunks))))
    }
}
