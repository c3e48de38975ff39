//! Requests for corrections.

use sqlx::FromRow;
use usher_base::id::{EventId, PersonKey};
use usher_seats::SeatClass;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::ledger::model::correction::CorrectionRequest;

#[derive(FromRow)]
struct RequestRow {
    event_id: Uuid,
    person_key: Uuid,
    from_at: Time,
    until_at: Time,
    class: Option<SeatClass>,
    reason: String,
    author: String,
    request_id: String,
    requested_at: Time,
}

impl TryFrom<RequestRow> for CorrectionRequest {
    type Error = BillingError;

    fn try_from(row: RequestRow) -> Result<Self, BillingError> {
        Ok(Self {
            id: EventId::from_uuid(row.event_id),
            person: PersonKey::from_uuid(row.person_key),
            from: row.from_at.0,
            until: row.until_at.0,
            class: row.class,
            reason: row.reason,
            author: row.author,
            request_id: row.request_id,
            requested_at: row.requested_at.0,
        })
    }
}

/// Inserts a request. Returns false if its id exists.
pub(crate) async fn insert(tx: &mut TenantTx, request: &CorrectionRequest) -> Result<bool, BillingError> {
    let done = sqlx::query(
        "INSERT INTO correction_requests (tenant_id, event_id, person_key, from_at, until_at, class, reason, author,
           request_id, requested_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant_id, event_id) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(request.id.as_uuid())
    .bind(request.person.as_uuid())
    .bind(Time(request.from))
    .bind(Time(request.until))
    .bind(request.class)
    .bind(&request.reason)
    .bind(&request.author)
    .bind(&request.request_id)
    .bind(Time(request.requested_at))
    .execute(tx.conn())
    .await?;
    let added = done.rows_affected() == 1;
    if added {
        records::append(tx, &[(Kind::CorrectionRequest, request.id.to_string())]).await?;
    }
    Ok(added)
}

/// Returns the request with an id.
pub(crate) async fn find(tx: &mut TenantTx, id: EventId) -> Result<Option<CorrectionRequest>, BillingError> {
    let row: Option<RequestRow> =
        sqlx::query_as("SELECT * FROM correction_requests WHERE tenant_id = $1 AND event_id = $2")
            .bind(tx.tenant())
            .bind(id.as_uuid())
            .fetch_optional(tx.conn())
            .await?;
    row.map(CorrectionRequest::try_from).transpose()
}

/// Returns the requests that are not approved, oldest first.
pub(crate) async fn waiting(tx: &mut TenantTx, most: u32) -> Result<Vec<CorrectionRequest>, BillingError> {
    let rows: Vec<RequestRow> = sqlx::query_as(
        // Each fact that billing recorded is read once. With `NOT EXISTS`, a plan that was made while there were few
        // facts would read them all for each request.
        "SELECT r.* FROM correction_requests r
         WHERE r.tenant_id = $1 AND r.event_id NOT IN (
           SELECT e.event_id FROM events e WHERE e.tenant_id = $1 AND e.kind <> 'state')
         ORDER BY r.requested_at, r.event_id LIMIT $2",
    )
    .bind(tx.tenant())
    .bind(i64::from(most))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(CorrectionRequest::try_from).collect()
}
