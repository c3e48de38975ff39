//! The audit log: who did what, besides the facts of the ledger.

pub mod model;
pub(crate) mod store;

use serde_json::Value;
use usher_base::id::EventId;
use usher_base::{CallContext, Permission, TenantScope};
use usher_store::{Database, TenantTx};

use crate::audit::model::entry::AuditEntry;
use crate::error::BillingError;

/// Writes an audit entry in the transaction of the action that it describes.
pub(crate) async fn note(
    tx: &mut TenantTx,
    scope: &TenantScope,
    action: &str,
    detail: Value,
) -> Result<(), BillingError> {
    let entry = AuditEntry {
        id: EventId::new(scope.clock()),
        at: scope.now(),
        actor: scope.actor().to_string(),
        action: action.to_owned(),
        detail,
        request_id: scope.request_id().to_owned(),
    };
    store::log::insert(tx, &entry).await
}

/// Returns the entries after one entry, oldest first.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
    after: EventId,
    most: u32,
) -> Result<Vec<AuditEntry>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingAdmin)?);
    let mut tx = database.begin().await?;
    let entries = store::log::page(&mut tx, after, most).await?;
    tx.commit().await?;
    Ok(entries)
}
