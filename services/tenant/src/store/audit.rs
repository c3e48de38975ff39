//! The audit log.

use serde_json::Value;
use sqlx::types::Json;
use usher_base::id::EventId;
use usher_store::{Error, GlobalTx, TenantTx, Time};
use uuid::Uuid;

use crate::audit::AuditEntry;

/// Adds an entry about the transaction's workspace.
pub(crate) async fn insert(tx: &mut TenantTx, entry: AuditEntry) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO audit_entries (tenant_id, entry_id, at, actor, action, target, request_id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tenant)
    .bind(entry.id.as_uuid())
    .bind(Time(entry.at))
    .bind(entry.actor)
    .bind(entry.action)
    .bind(entry.target)
    .bind(entry.request_id)
    .bind(Json(entry.detail))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds an entry about the installation. Must be last in the transaction, because it sets a tenant.
pub(crate) async fn insert_of_installation(tx: &mut GlobalTx, entry: AuditEntry) -> Result<(), Error> {
    sqlx::query("SELECT audit_installation($1, $2, $3, $4, $5, $6, $7)")
        .bind(entry.id.as_uuid())
        .bind(Time(entry.at))
        .bind(entry.actor)
        .bind(entry.action)
        .bind(entry.target)
        .bind(entry.request_id)
        .bind(Json(entry.detail))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The entries before a given one, newest first.
pub(crate) async fn list(
    tx: &mut TenantTx,
    before: Option<EventId>,
    max: u32,
) -> Result<Vec<AuditEntry>, Error> {
    type Row = (Uuid, Time, String, String, String, String, Json<Value>);
    let tenant = tx.tenant();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT entry_id, at, actor, action, target, request_id, detail FROM audit_entries
         WHERE tenant_id = $1 AND ($2::uuid IS NULL OR entry_id < $2) ORDER BY entry_id DESC LIMIT $3",
    )
    .bind(tenant)
    .bind(before.map(EventId::as_uuid))
    .bind(i64::from(max))
    .fetch_all(tx.conn())
    .await?;
    let entry = |(id, at, actor, action, target, request_id, detail): Row| AuditEntry {
        id: EventId::from_uuid(id),
        at: at.0,
        actor,
        action,
        target,
        request_id,
        detail: detail.0,
    };
    Ok(rows.into_iter().map(entry).collect())
}
