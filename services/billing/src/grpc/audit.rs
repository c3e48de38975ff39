//! `usher.billing.v1.AuditService`

use tonic::{Request, Response, Status};
use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::audit_service_server::AuditService;
use usher_rpc::convert::{page_size, page_token};
use usher_rpc::{open, page};
use usher_store::Database;
use uuid::Uuid;

use crate::audit;

pub(crate) struct AuditApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl AuditService for AuditApi {
    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditResponse>, Status> {
        let (ctx, message) = open(request)?;
        let size = page_size(message.page_size, 100, 1_000)?;
        let after = page_token(&message.page_token)?;
        let after = after.unwrap_or_else(|| EventId::from_uuid(Uuid::nil()));
        let found = audit::list(&self.database, &ctx, after, size + 1).await?;
        let (entries, more) = page(found.into_iter().map(pb::AuditEntry::from).collect(), size);
        let last = entries.last().filter(|_| more).map(|last: &pb::AuditEntry| last.id.clone());
        let next_page_token = last.unwrap_or_default();
        Ok(Response::new(pb::ListAuditResponse { entries, next_page_token }))
    }
}
