use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;

use crate::audit::model::entry::AuditEntry;

impl From<AuditEntry> for pb::AuditEntry {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            time: Some(to_wire(entry.at)),
            actor: entry.actor,
            action: entry.action,
            detail_json: entry.detail.to_string(),
            request_id: entry.request_id,
        }
    }
}
