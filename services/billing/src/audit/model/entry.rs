use serde_json::Value;
use usher_base::id::EventId;

/// One administrative action on the account.
#[derive(Clone, Debug)]
pub(crate) struct AuditEntry {
    pub(crate) id: EventId,
    pub(crate) at: jiff::Timestamp,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) detail: Value,
    pub(crate) request_id: String,
}
