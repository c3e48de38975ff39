//! `usher.billing.v1.CorrectionService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::correction_service_server::CorrectionService;
use usher_rpc::convert::{missing, parse};
use usher_rpc::{Tasks, open};
use usher_store::Database;

use crate::grpc::convert::reason;
use crate::ledger::corrections;
use crate::ledger::corrections::NewCorrection;

/// Serves corrections and person links.
pub(crate) struct CorrectionApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl CorrectionService for CorrectionApi {
    async fn record_correction(
        &self,
        request: Request<pb::RecordCorrectionRequest>,
    ) -> Result<Response<pb::RecordCorrectionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let correction = message.correction.ok_or_else(|| missing("correction"))?;
        let new = NewCorrection::try_from(correction)?;
        let database = self.database.clone();
        let work = async move { corrections::request(&database, &ctx, new).await };
        let correction = self.tasks.detach(work).await?;
        Ok(Response::new(pb::RecordCorrectionResponse { correction: Some(correction.into()) }))
    }

    async fn approve_correction(
        &self,
        request: Request<pb::ApproveCorrectionRequest>,
    ) -> Result<Response<pb::ApproveCorrectionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id = parse("id", &message.id)?;
        let database = self.database.clone();
        let work = async move { corrections::approve(&database, &ctx, id).await };
        let sequence = self.tasks.detach(work).await?;
        Ok(Response::new(pb::ApproveCorrectionResponse { sequence }))
    }

    async fn list_corrections(
        &self,
        request: Request<pb::ListCorrectionsRequest>,
    ) -> Result<Response<pb::ListCorrectionsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let waiting = corrections::waiting(&self.database, &ctx).await?;
        let corrections = waiting.into_iter().map(pb::Correction::from).collect();
        Ok(Response::new(pb::ListCorrectionsResponse { corrections }))
    }

    async fn link_persons(
        &self,
        request: Request<pb::LinkPersonsRequest>,
    ) -> Result<Response<pb::LinkPersonsResponse>, Status> {
        let (ctx, message) = open(request)?;
        let person = parse("person_key", &message.person_key)?;
        let other = parse("other_person_key", &message.other_person_key)?;
        let database = self.database.clone();
        let reason = reason(message.reason)?;
        let work = async move { corrections::link(&database, &ctx, (person, other), reason).await };
        let sequence = self.tasks.detach(work).await?;
        Ok(Response::new(pb::LinkPersonsResponse { sequence }))
    }
}
