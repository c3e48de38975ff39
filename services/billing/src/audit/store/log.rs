//! The table of audit entries.

use serde_json::Value;
use usher_base::id::EventId;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::entry::AuditEntry;
use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;

pub(crate) async fn insert(tx: &mut TenantTx, entry: &AuditEntry) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO audit_entries (tenant_id, audit_id, at, actor, action, detail, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.tenant())
    .bind(entry.id.as_uuid())
    .bind(Time(entry.at))
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.detail)
    .bind(&entry.request_id)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Audit, entry.id.to_string())]).await
}

/// Returns the entries after one entry, oldest first; ids sort by time.
pub(crate) async fn page(
    tx: &mut TenantTx,
    after: EventId,
    most: u32,
) -> Result<Vec<AuditEntry>, BillingError> {
    type Row = (Uuid, Time, String, String, Value, String);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT audit_id, at, actor, action, detail, request_id FROM audit_entries
         WHERE tenant_id = $1 AND audit_id > $2 ORDER BY audit_id LIMIT $3",
    )
    .bind(tx.tenant())
    .bind(after.as_uuid())
    .bind(i64::from(most))
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, at, actor, action, detail, request_id)| AuditEntry {
            id: EventId::from_uuid(id),
            at: at.0,
            actor,
            action,
            detail,
            request_id,
        })
        .collect())
}
