//! `usher.tenant.v1.AuditService`

use tonic::{Request, Response, Status};
use usher_base::id::EventId;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::audit_service_server::AuditService;
use usher_rpc::convert::{page_size, page_token, to_wire};
use usher_rpc::{open, page};
use usher_store::Database;

use crate::audit::{self, AuditEntry};
use crate::signer::Signer;

/// Implements the methods for audit entries.
pub(crate) struct AuditApi {
    pub(crate) database: Database,
    pub(crate) signer: Signer,
}

#[tonic::async_trait]
impl AuditService for AuditApi {
    async fn list_audit_entries(
        &self,
        request: Request<pb::ListAuditEntriesRequest>,
    ) -> Result<Response<pb::ListAuditEntriesResponse>, Status> {
        let (ctx, message) = open(request)?;
        let max = page_size(message.page_size, 100, 500)?;
        let before = page_token::<EventId>(&message.page_token)?;
        let entries = audit::list(&self.database, &self.signer, &ctx, before, max + 1).await;
        let entries = entries?.into_iter().map(pb::AuditEntry::from).collect();
        let (entries, more) = page(entries, max);
        let last = entries.last().filter(|_| more).map(|last: &pb::AuditEntry| last.id.clone());
        let next_page_token = last.unwrap_or_default();
        Ok(Response::new(pb::ListAuditEntriesResponse { entries, next_page_token }))
    }
}

impl From<AuditEntry> for pb::AuditEntry {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            time: Some(to_wire(entry.at)),
            actor: entry.actor,
            action: entry.action,
            target: entry.target,
            request_id: entry.request_id,
            detail_json: entry.detail.to_string(),
        }
    }
}
