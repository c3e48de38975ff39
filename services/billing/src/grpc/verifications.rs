//! `usher.billing.v1.VerificationService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::verification_service_server::VerificationService;
use usher_rpc::open;
use usher_store::Database;

use crate::verification;
use crate::verification::model::proof::{ProofKeys, SignedHead};
use crate::verification::signed_heads;

/// Serves verifications and signed heads.
pub(crate) struct VerificationApi {
    pub(crate) database: Database,
    /// The keys that sign heads.
    pub(crate) proof: Option<ProofKeys>,
}

#[tonic::async_trait]
impl VerificationService for VerificationApi {
    async fn verify_ledger(
        &self,
        request: Request<pb::VerifyLedgerRequest>,
    ) -> Result<Response<pb::VerifyLedgerResponse>, Status> {
        let (ctx, message) = open(request)?;
        let heads = message.heads.into_iter().map(SignedHead::try_from).collect::<Result<Vec<_>, _>>()?;
        let found = verification::verify(&self.database, &ctx, self.proof.as_ref(), &heads).await?;
        Ok(Response::new(pb::VerifyLedgerResponse { facts: found.facts, faults: found.faults }))
    }

    async fn list_verifications(
        &self,
        request: Request<pb::ListVerificationsRequest>,
    ) -> Result<Response<pb::ListVerificationsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let found = verification::list(&self.database, &ctx).await?;
        let verifications = found.into_iter().map(pb::Verification::from).collect();
        Ok(Response::new(pb::ListVerificationsResponse { verifications }))
    }

    async fn list_signed_heads(
        &self,
        request: Request<pb::ListSignedHeadsRequest>,
    ) -> Result<Response<pb::ListSignedHeadsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let found = signed_heads::list(&self.database, &ctx).await?;
        let heads = found.into_iter().map(pb::SignedHead::from).collect();
        Ok(Response::new(pb::ListSignedHeadsResponse { heads }))
    }
}
