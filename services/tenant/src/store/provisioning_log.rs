//! The provisioning log.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, FromRow};
use usher_base::id::{AppId, LogEntryId, TokenId};
use usher_store::{Database, Error, ScopedDatabase, TenantTx, Time};
use uuid::Uuid;

use crate::provisioning_log::{LogEntry, Wanted};

#[derive(FromRow)]
struct EntryRow {
    entry_id: Uuid,
    logged_at: Time,
    app_id: Option<Uuid>,
    token_id: Option<Uuid>,
    method: String,
    path: String,
    resource_type: String,
    resource_id: String,
    name: String,
    external_id: String,
    attributes: Vec<String>,
    status: i32,
    scim_type: String,
    reason: String,
    detail: String,
    request_id: String,
    client_request_id: String,
    bulk_index: i32,
    duration_micros: i64,
}

impl From<EntryRow> for LogEntry {
    fn from(row: EntryRow) -> Self {
        Self {
            id: LogEntryId::from_uuid(row.entry_id),
            at: row.logged_at.0,
            caller: row.app_id.map(AppId::from_uuid).zip(row.token_id.map(TokenId::from_uuid)),
            method: row.method,
            path: row.path,
            resource_type: row.resource_type,
            resource_id: row.resource_id,
            name: row.name,
            external_id: row.external_id,
            attributes: row.attributes,
            status: row.status,
            scim_type: row.scim_type,
            reason: row.reason,
            detail: row.detail,
            request_id: row.request_id,
            client_request_id: row.client_request_id,
            bulk_index: row.bulk_index,
            duration_micros: row.duration_micros,
        }
    }
}

/// Inserts entries in one statement and transaction. Existing entries stay. Returns `false`, and inserts nothing, if
/// the workspace does not exist.
pub(crate) async fn insert(database: &ScopedDatabase, entries: &[LogEntry]) -> Result<bool, Error> {
    let rows: Vec<Value> = entries.iter().map(row).collect();
    let exists: Option<(bool,)> = database
        .statement("SELECT workspace_exists FROM append_log_entries($1, $2)")
        .bind(Json(rows))
        .fetch_optional()
        .await?;
    Ok(exists.is_some_and(|(exists,)| exists))
}

fn row(entry: &LogEntry) -> Value {
    let (app, token) = entry.caller.unzip();
    let mut about: Vec<String> = [&entry.resource_id, &entry.name, &entry.external_id]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| text.to_lowercase())
        .collect();
    about.sort_unstable();
    about.dedup();
    json!({
        "entry_id": entry.id.as_uuid(), "logged_at": entry.at.to_string(), "app_id": app.map(AppId::as_uuid),
        "token_id": token.map(TokenId::as_uuid), "method": entry.method, "path": entry.path,
        "resource_type": entry.resource_type, "resource_id": entry.resource_id, "name": entry.name,
        "external_id": entry.external_id, "about": about, "attributes": entry.attributes, "status": entry.status,
        "scim_type": entry.scim_type, "reason": entry.reason, "detail": entry.detail,
        "request_id": entry.request_id, "client_request_id": entry.client_request_id,
        "bulk_index": entry.bulk_index, "duration_micros": entry.duration_micros,
    })
}

/// A page of entries, newest first.
pub(crate) async fn list(tx: &mut TenantTx, wanted: &Wanted) -> Result<Vec<LogEntry>, Error> {
    let tenant = tx.tenant();
    // A literal condition, so that every plan can use the partial index of refusals.
    let refused = if wanted.refused_only { "AND status >= 400" } else { "" };
    let sql = format!(
        "SELECT entry_id, logged_at, app_id, token_id, method, path, resource_type, resource_id, name, external_id,
           attributes, status, scim_type, reason, detail, request_id, client_request_id, bulk_index, duration_micros
         FROM provisioning_log
         WHERE tenant_id = $1 AND ($2::uuid IS NULL OR entry_id < $2) {refused}
           AND ($3 = '' OR about @> ARRAY[$3])
         ORDER BY entry_id DESC LIMIT $4",
    );
    let rows: Vec<EntryRow> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(tenant)
        .bind(wanted.before.map(LogEntryId::as_uuid))
        .bind(wanted.about.to_lowercase())
        .bind(i64::from(wanted.max))
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(LogEntry::from).collect())
}

/// Deletes at most `max` entries of all workspaces that are older than a time.
pub(crate) async fn expire(database: &Database, before: Timestamp, max: i32) -> Result<i64, Error> {
    let mut tx = database.global().await?;
    let deleted = sqlx::query_scalar("SELECT expire_log_entries($1, $2)")
        .bind(Time(before))
        .bind(max)
        .fetch_one(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(deleted)
}
