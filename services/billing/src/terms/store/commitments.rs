use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::CommitmentId;
use usher_seats::Pool;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::sql::date;
use crate::terms::model::bought_term::Commitment;
use crate::terms::model::price_version::UnitPrice;

#[derive(FromRow)]
struct CommitmentRow {
    commitment_id: Uuid,
    pool: Pool,
    quantity: i64,
    unit_price_micros: i64,
    first_date: String,
    end_date: String,
    withdrawn: bool,
}

impl TryFrom<CommitmentRow> for Commitment {
    type Error = BillingError;

    fn try_from(row: CommitmentRow) -> Result<Self, BillingError> {
        Ok(Self {
            id: CommitmentId::from_uuid(row.commitment_id),
            pool: row.pool,
            quantity: row.quantity,
            unit_price: UnitPrice::from_micros(row.unit_price_micros),
            first: date("commitments", "first_date", &row.first_date)?,
            end: date("commitments", "end_date", &row.end_date)?,
        })
    }
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    commitment: &Commitment,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO commitments (tenant_id, commitment_id, pool, quantity, unit_price_micros, first_date, end_date,
           created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, to_date($6, 'YYYY-MM-DD'), to_date($7, 'YYYY-MM-DD'), $8, $9)",
    )
    .bind(tx.tenant())
    .bind(commitment.id.as_uuid())
    .bind(commitment.pool.as_str())
    .bind(commitment.quantity)
    .bind(commitment.unit_price.micros())
    .bind(commitment.first.to_string())
    .bind(commitment.end.to_string())
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Commitment, commitment.id.to_string())]).await
}

/// Returns a commitment, and whether it was withdrawn.
pub(crate) async fn find(
    tx: &mut TenantTx,
    id: CommitmentId,
) -> Result<Option<(Commitment, bool)>, BillingError> {
    let row: Option<CommitmentRow> = sqlx::query_as(
        "SELECT commitment_id, pool, quantity, unit_price_micros, to_char(first_date, 'YYYY-MM-DD') AS first_date,
           to_char(end_date, 'YYYY-MM-DD') AS end_date, withdrawn_at IS NOT NULL AS withdrawn
         FROM commitments WHERE tenant_id = $1 AND commitment_id = $2",
    )
    .bind(tx.tenant())
    .bind(id.as_uuid())
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let withdrawn = row.withdrawn;
    Ok(Some((row.try_into()?, withdrawn)))
}

/// Marks a commitment as withdrawn.
pub(crate) async fn withdraw(
    tx: &mut TenantTx,
    id: CommitmentId,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    sqlx::query(
        "UPDATE commitments SET withdrawn_at = $3, withdrawn_by = $4 WHERE tenant_id = $1 AND commitment_id = $2",
    )
    .bind(tx.tenant())
    .bind(id.as_uuid())
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Commitment, id.to_string())]).await
}

/// Returns the commitments as of a time, by pool and term.
pub(crate) async fn known(tx: &mut TenantTx, at: Timestamp) -> Result<Vec<Commitment>, BillingError> {
    let rows: Vec<CommitmentRow> = sqlx::query_as(
        "SELECT commitment_id, pool, quantity, unit_price_micros, to_char(first_date, 'YYYY-MM-DD') AS first_date,
           to_char(end_date, 'YYYY-MM-DD') AS end_date, withdrawn_at IS NOT NULL AS withdrawn
         FROM commitments WHERE tenant_id = $1 AND created_at <= $2 AND coalesce(withdrawn_at > $2, true)
         ORDER BY pool DESC, commitments.first_date",
    )
    .bind(tx.tenant())
    .bind(Time(at))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Commitment::try_from).collect()
}

/// Returns whether a line of a closed period charges a commitment.
pub(crate) async fn is_billed(tx: &mut TenantTx, commitment: CommitmentId) -> Result<bool, BillingError> {
    let found: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM close_lines WHERE tenant_id = $1 AND class IS NULL AND price_versions = $2)",
    )
    .bind(tx.tenant())
    .bind(commitment.to_string())
    .fetch_one(tx.conn())
    .await?;
    Ok(found)
}
