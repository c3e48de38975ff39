//! `usher.billing.v1.ReconciliationService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::reconciliation_service_server::ReconciliationService;
use usher_rpc::{open, page};
use usher_store::Database;

use crate::ledger::reconciliation;

pub(crate) struct ReconciliationApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl ReconciliationService for ReconciliationApi {
    async fn run_reconciliation(
        &self,
        request: Request<pb::RunReconciliationRequest>,
    ) -> Result<Response<pb::RunReconciliationResponse>, Status> {
        let (ctx, _) = open(request)?;
        reconciliation::request(&self.database, &ctx).await?;
        Ok(Response::new(pb::RunReconciliationResponse {}))
    }

    async fn list_reconciliations(
        &self,
        request: Request<pb::ListReconciliationsRequest>,
    ) -> Result<Response<pb::ListReconciliationsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let runs = reconciliation::list(&self.database, &ctx).await?;
        let most = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        let (rows, _) = page(runs.into_iter().map(pb::Reconciliation::from).collect(), most);
        Ok(Response::new(pb::ListReconciliationsResponse { rows }))
    }
}
