//! `usher.billing.v1.ReportService`

use std::pin::Pin;

use futures::Stream;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use usher_base::CallContext;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::export_report_response::Part;
use usher_proto::billing::v1::report_service_server::ReportService;
use usher_rpc::{Tasks, open, required_enum};
use usher_store::Database;

use crate::error::BillingError;
use crate::grpc::convert::{date, manifest, optional_time};
use crate::reports;
use crate::reports::Writer;
use crate::reports::model::Order;

type Parts = Pin<Box<dyn Stream<Item = Result<pb::ExportReportResponse, Status>> + Send>>;

pub(crate) struct ReportApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl ReportService for ReportApi {
    type ExportReportStream = Parts;

    async fn export_report(
        &self,
        request: Request<pb::ExportReportRequest>,
    ) -> Result<Response<Parts>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date)?;
        let known_at = optional_time("known_time", message.known_time)?;
        // The file is of one moment, which the manifest names.
        let known_at = known_at.unwrap_or_else(|| ctx.now());
        let order = Order {
            report: required_enum("report", message.report)?,
            format: required_enum("format", message.format)?,
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

/// Sends the chunks of a report, then its manifest, or the error that ends it early.
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
            part: Some(Part::Manifest(manifest(order, &about, &written, known_at))),
        }),
        Err(BillingError::ReaderGone) => return,
        Err(error) => Err(error.into()),
    };
    // The send fails only if the client closed the stream, and then nobody needs the error.
    let _ = answers.send(last).await;
}
