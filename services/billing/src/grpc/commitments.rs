//! `usher.billing.v1.CommitmentService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::commitment_service_server::CommitmentService;
use usher_rpc::convert::{missing, parse};
use usher_rpc::{Tasks, open};
use usher_store::Database;

use crate::limits::licences;
use crate::terms::commitments;
use crate::terms::commitments::NewCommitment;

pub(crate) struct CommitmentApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl CommitmentService for CommitmentApi {
    async fn set_commitment(
        &self,
        request: Request<pb::SetCommitmentRequest>,
    ) -> Result<Response<pb::SetCommitmentResponse>, Status> {
        let (ctx, message) = open(request)?;
        let commitment = message.commitment.ok_or_else(|| missing("commitment"))?;
        let new = NewCommitment::try_from(commitment)?;
        let database = self.database.clone();
        let work = async move { licences::set(&database, &ctx, new).await };
        let commitment = self.tasks.detach(work).await?;
        Ok(Response::new(pb::SetCommitmentResponse { commitment: Some(commitment.into()) }))
    }

    async fn withdraw_commitment(
        &self,
        request: Request<pb::WithdrawCommitmentRequest>,
    ) -> Result<Response<pb::WithdrawCommitmentResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id = parse("id", &message.id)?;
        let database = self.database.clone();
        let work = async move { licences::withdraw(&database, &ctx, id).await };
        let commitment = self.tasks.detach(work).await?;
        Ok(Response::new(pb::WithdrawCommitmentResponse { commitment: Some(commitment.into()) }))
    }

    async fn list_commitments(
        &self,
        request: Request<pb::ListCommitmentsRequest>,
    ) -> Result<Response<pb::ListCommitmentsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let found = commitments::list(&self.database, &ctx).await?;
        let commitments = found.into_iter().map(pb::Commitment::from).collect();
        Ok(Response::new(pb::ListCommitmentsResponse { commitments }))
    }
}
