use sqlx::FromRow;
use usher_base::id::EventId;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::verification::model::verdict::Verification;

#[derive(FromRow)]
struct Row {
    verification_id: Uuid,
    verified_at: Time,
    actor: String,
    facts: i64,
    faults: Vec<String>,
}

impl From<Row> for Verification {
    fn from(row: Row) -> Self {
        Self {
            id: EventId::from_uuid(row.verification_id),
            at: row.verified_at.0,
            actor: row.actor,
            facts: row.facts,
            faults: row.faults,
        }
    }
}

pub(crate) async fn insert(tx: &mut TenantTx, verification: &Verification) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO verifications (tenant_id, verification_id, verified_at, actor, facts, faults)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tx.tenant())
    .bind(verification.id.as_uuid())
    .bind(Time(verification.at))
    .bind(&verification.actor)
    .bind(verification.facts)
    .bind(&verification.faults)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Verification, verification.id.to_string())]).await
}

/// Returns the most recent verifications, newest first; ids sort by time.
pub(crate) async fn last(tx: &mut TenantTx, most: i64) -> Result<Vec<Verification>, BillingError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT verification_id, verified_at, actor, facts, faults FROM verifications WHERE tenant_id = $1
         ORDER BY verification_id DESC LIMIT $2",
    )
    .bind(tx.tenant())
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Verification::from).collect())
}
