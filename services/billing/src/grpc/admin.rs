//! `usher.billing.v1.BillingAdmin`

use tonic::{Request, Response, Status};
use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::billing_admin_server::BillingAdmin;
use usher_rpc::convert::{invalid, missing, page_size, page_token, parse};
use usher_rpc::{Tasks, open, page, required_enum, status};
use usher_store::Database;
use uuid::Uuid;

use super::convert::{date, reason};
use crate::account_change::AccountChange;
use crate::accounts;
use crate::audit;
use crate::commitments::{self, NewCommitment};
use crate::corrections::{self, NewCorrection};
use crate::limit_versions::Said;
use crate::limits;
use crate::minimum::MOST_MINOR;
use crate::minimums;
use crate::prices::{self, NewPrice};
use crate::reconciliation;
use crate::signed_head::{ProofKeys, SignedHead};
use crate::signed_heads;
use crate::verification;

/// Serves accounts, prices, corrections and the audit log.
pub(crate) struct AdminApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
    /// The keys that signed heads are by.
    pub(crate) proof: Option<ProofKeys>,
}

#[tonic::async_trait]
impl BillingAdmin for AdminApi {
    async fn upsert_account(
        &self,
        request: Request<pb::UpsertAccountRequest>,
    ) -> Result<Response<pb::UpsertAccountResponse>, Status> {
        let (ctx, message) = open(request)?;
        let account = message.account.ok_or_else(|| status(missing("account")))?;
        let change = AccountChange::try_from(account).map_err(status)?;
        let database = self.database.clone();
        let work = async move { accounts::upsert(&database, &ctx, change).await };
        let (account, coming) = self.tasks.detach(work).await.map_err(status)?;
        let coming = coming.into_iter().map(pb::Account::from).collect();
        Ok(Response::new(pb::UpsertAccountResponse { account: Some(account.into()), coming }))
    }

    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::GetAccountResponse>, Status> {
        let (ctx, _) = open(request)?;
        let (account, coming) = accounts::get(&self.database, &ctx).await.map_err(status)?;
        let coming = coming.into_iter().map(pb::Account::from).collect();
        Ok(Response::new(pb::GetAccountResponse { account: Some(account.into()), coming }))
    }

    async fn create_price_version(
        &self,
        request: Request<pb::CreatePriceVersionRequest>,
    ) -> Result<Response<pb::CreatePriceVersionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let version = message.price_version.ok_or_else(|| status(missing("price_version")))?;
        let new = NewPrice::try_from(version).map_err(status)?;
        let database = self.database.clone();
        let work = async move { prices::create(&database, &ctx, new).await };
        let version = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::CreatePriceVersionResponse { price_version: Some(version.into()) }))
    }

    async fn withdraw_price_version(
        &self,
        request: Request<pb::WithdrawPriceVersionRequest>,
    ) -> Result<Response<pb::WithdrawPriceVersionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id = parse("id", &message.id).map_err(status)?;
        let database = self.database.clone();
        let work = async move { prices::withdraw(&database, &ctx, id).await };
        let version = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::WithdrawPriceVersionResponse { price_version: Some(version.into()) }))
    }

    async fn list_price_versions(
        &self,
        request: Request<pb::ListPriceVersionsRequest>,
    ) -> Result<Response<pb::ListPriceVersionsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let versions = prices::list(&self.database, &ctx).await.map_err(status)?;
        let price_versions = versions.into_iter().map(pb::PriceVersion::from).collect();
        Ok(Response::new(pb::ListPriceVersionsResponse { price_versions }))
    }

    async fn set_minimum_spend(
        &self,
        request: Request<pb::SetMinimumSpendRequest>,
    ) -> Result<Response<pb::SetMinimumSpendResponse>, Status> {
        let (ctx, message) = open(request)?;
        let valid_from = date("valid_from", &message.valid_from).map_err(status)?;
        let amount = message.amount_minor;
        if !(0..=MOST_MINOR).contains(&amount) {
            return Err(status(invalid("amount_minor", format_args!("it is 0 to {MOST_MINOR}"))));
        }
        let database = self.database.clone();
        let work = async move { minimums::set(&database, &ctx, valid_from, amount).await };
        self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::SetMinimumSpendResponse {}))
    }

    async fn list_minimum_spends(
        &self,
        request: Request<pb::ListMinimumSpendsRequest>,
    ) -> Result<Response<pb::ListMinimumSpendsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let found = minimums::list(&self.database, &ctx).await.map_err(status)?;
        let minimum_spends = found.into_iter().map(pb::MinimumSpend::from).collect();
        Ok(Response::new(pb::ListMinimumSpendsResponse { minimum_spends }))
    }

    async fn withdraw_minimum_spend(
        &self,
        request: Request<pb::WithdrawMinimumSpendRequest>,
    ) -> Result<Response<pb::WithdrawMinimumSpendResponse>, Status> {
        let (ctx, message) = open(request)?;
        let valid_from = date("valid_from", &message.valid_from).map_err(status)?;
        let database = self.database.clone();
        let work = async move { minimums::withdraw(&database, &ctx, valid_from).await };
        let minimum = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::WithdrawMinimumSpendResponse { minimum_spend: Some(minimum.into()) }))
    }

    async fn record_correction(
        &self,
        request: Request<pb::RecordCorrectionRequest>,
    ) -> Result<Response<pb::RecordCorrectionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let correction = message.correction.ok_or_else(|| status(missing("correction")))?;
        let new = NewCorrection::try_from(correction).map_err(status)?;
        let database = self.database.clone();
        let work = async move { corrections::request(&database, &ctx, new).await };
        let correction = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::RecordCorrectionResponse { correction: Some(correction.into()) }))
    }

    async fn approve_correction(
        &self,
        request: Request<pb::ApproveCorrectionRequest>,
    ) -> Result<Response<pb::ApproveCorrectionResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id = parse("id", &message.id).map_err(status)?;
        let database = self.database.clone();
        let work = async move { corrections::approve(&database, &ctx, id).await };
        let sequence = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::ApproveCorrectionResponse { sequence }))
    }

    async fn list_corrections(
        &self,
        request: Request<pb::ListCorrectionsRequest>,
    ) -> Result<Response<pb::ListCorrectionsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let waiting = corrections::waiting(&self.database, &ctx).await.map_err(status)?;
        let corrections = waiting.into_iter().map(pb::Correction::from).collect();
        Ok(Response::new(pb::ListCorrectionsResponse { corrections }))
    }

    async fn link_persons(
        &self,
        request: Request<pb::LinkPersonsRequest>,
    ) -> Result<Response<pb::LinkPersonsResponse>, Status> {
        let (ctx, message) = open(request)?;
        let person = parse("person_key", &message.person_key).map_err(status)?;
        let other = parse("other_person_key", &message.other_person_key).map_err(status)?;
        let database = self.database.clone();
        let reason = reason(message.reason).map_err(status)?;
        let work = async move { corrections::link(&database, &ctx, (person, other), reason).await };
        let sequence = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::LinkPersonsResponse { sequence }))
    }

    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditResponse>, Status> {
        let (ctx, message) = open(request)?;
        let size = page_size(message.page_size, 100, 1_000).map_err(status)?;
        let after = page_token(&message.page_token).map_err(status)?;
        let after = after.unwrap_or_else(|| EventId::from_uuid(Uuid::nil()));
        let found = audit::list(&self.database, &ctx, after, size + 1).await.map_err(status)?;
        let (entries, more) = page(found.into_iter().map(pb::AuditEntry::from).collect(), size);
        let last = entries.last().filter(|_| more).map(|last: &pb::AuditEntry| last.id.clone());
        let next_page_token = last.unwrap_or_default();
        Ok(Response::new(pb::ListAuditResponse { entries, next_page_token }))
    }

    async fn verify_ledger(
        &self,
        request: Request<pb::VerifyLedgerRequest>,
    ) -> Result<Response<pb::VerifyLedgerResponse>, Status> {
        let (ctx, message) = open(request)?;
        let heads = message.heads.into_iter().map(SignedHead::try_from).collect::<Result<Vec<_>, _>>();
        let heads = heads.map_err(status)?;
        let found = verification::verify(&self.database, &ctx, self.proof.as_ref(), &heads).await;
        let found = found.map_err(status)?;
        Ok(Response::new(pb::VerifyLedgerResponse { facts: found.facts, faults: found.faults }))
    }

    async fn list_signed_heads(
        &self,
        request: Request<pb::ListSignedHeadsRequest>,
    ) -> Result<Response<pb::ListSignedHeadsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let found = signed_heads::list(&self.database, &ctx).await.map_err(status)?;
        let heads = found.into_iter().map(pb::SignedHead::from).collect();
        Ok(Response::new(pb::ListSignedHeadsResponse { heads }))
    }

    async fn run_reconciliation(
        &self,
        request: Request<pb::RunReconciliationRequest>,
    ) -> Result<Response<pb::RunReconciliationResponse>, Status> {
        let (ctx, _) = open(request)?;
        reconciliation::request(&self.database, &ctx).await.map_err(status)?;
        Ok(Response::new(pb::RunReconciliationResponse {}))
    }

    async fn list_reconciliations(
        &self,
        request: Request<pb::ListReconciliationsRequest>,
    ) -> Result<Response<pb::ListReconciliationsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let runs = reconciliation::list(&self.database, &ctx).await.map_err(status)?;
        let most = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        let (rows, _) = page(runs.into_iter().map(pb::Reconciliation::from).collect(), most);
        let verifications = verification::list(&self.database, &ctx).await.map_err(status)?;
        let verifications = verifications.into_iter().map(pb::Verification::from).collect();
        Ok(Response::new(pb::ListReconciliationsResponse { rows, verifications }))
    }

    async fn set_limit(
        &self,
        request: Request<pb::SetLimitRequest>,
    ) -> Result<Response<pb::SetLimitResponse>, Status> {
        let (ctx, message) = open(request)?;
        let limit = message.limit.ok_or_else(|| status(missing("limit")))?;
        let said = Said::try_from(limit).map_err(status)?;
        let database = self.database.clone();
        let work = async move { limits::say(&database, &ctx, said).await };
        let limit = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::SetLimitResponse { limit: Some(limit.into()) }))
    }

    async fn clear_limit(
        &self,
        request: Request<pb::ClearLimitRequest>,
    ) -> Result<Response<pb::ClearLimitResponse>, Status> {
        let (ctx, message) = open(request)?;
        let said = Said { pool: required_enum("pool", message.pool).map_err(status)?, rule: None };
        let database = self.database.clone();
        let work = async move { limits::say(&database, &ctx, said).await };
        let limit = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::ClearLimitResponse { limit: Some(limit.into()) }))
    }

    async fn set_commitment(
        &self,
        request: Request<pb::SetCommitmentRequest>,
    ) -> Result<Response<pb::SetCommitmentResponse>, Status> {
        let (ctx, message) = open(request)?;
        let commitment = message.commitment.ok_or_else(|| status(missing("commitment")))?;
        let new = NewCommitment::try_from(commitment).map_err(status)?;
        let database = self.database.clone();
        let work = async move { commitments::set(&database, &ctx, new).await };
        let commitment = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::SetCommitmentResponse { commitment: Some(commitment.into()) }))
    }

    async fn withdraw_commitment(
        &self,
        request: Request<pb::WithdrawCommitmentRequest>,
    ) -> Result<Response<pb::WithdrawCommitmentResponse>, Status> {
        let (ctx, message) = open(request)?;
        let id = parse("id", &message.id).map_err(status)?;
        let database = self.database.clone();
        let work = async move { commitments::withdraw(&database, &ctx, id).await };
        let commitment = self.tasks.detach(work).await.map_err(status)?;
        Ok(Response::new(pb::WithdrawCommitmentResponse { commitment: Some(commitment.into()) }))
    }

    async fn list_commitments(
        &self,
        request: Request<pb::ListCommitmentsRequest>,
    ) -> Result<Response<pb::ListCommitmentsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let found = commitments::list(&self.database, &ctx).await.map_err(status)?;
        let commitments = found.into_iter().map(pb::Commitment::from).collect();
        Ok(Response::new(pb::ListCommitmentsResponse { commitments }))
    }
}
