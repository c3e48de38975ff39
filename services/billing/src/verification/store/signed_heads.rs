use sqlx::FromRow;
use usher_store::{TenantTx, Time};

use crate::error::BillingError;
use crate::sql::{corrupt, hash};
use crate::verification::model::proof::{Heads, SignedHead};

#[derive(FromRow)]
struct Row {
    signed_at: Time,
    sequence: i64,
    head_hash: Vec<u8>,
    record_number: i64,
    record_hash: Vec<u8>,
    public_key: Vec<u8>,
    signature: Vec<u8>,
}

impl TryFrom<Row> for SignedHead {
    type Error = BillingError;

    fn try_from(row: Row) -> Result<Self, BillingError> {
        let signature = row.signature.as_slice().try_into();
        Ok(Self {
            heads: Heads {
                at: row.signed_at.0,
                sequence: row.sequence,
                head_hash: hash("signed_heads", "head_hash", &row.head_hash)?,
                record_number: row.record_number,
                record_hash: hash("signed_heads", "record_hash", &row.record_hash)?,
            },
            public_key: hash("signed_heads", "public_key", &row.public_key)?,
            signature: signature.map_err(|_| corrupt("signed_heads", "signature"))?,
        })
    }
}

/// Inserts a signed head.
pub(crate) async fn insert(tx: &mut TenantTx, head: &SignedHead) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO signed_heads (tenant_id, signed_at, sequence, head_hash, record_number, record_hash, public_key,
           signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, signed_at) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(Time(head.heads.at))
    .bind(head.heads.sequence)
    .bind(head.heads.head_hash.to_vec())
    .bind(head.heads.record_number)
    .bind(head.heads.record_hash.to_vec())
    .bind(head.public_key.to_vec())
    .bind(head.signature.to_vec())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns all signed heads, oldest first: one per day.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<SignedHead>, BillingError> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM signed_heads WHERE tenant_id = $1 ORDER BY signed_at")
        .bind(tx.tenant())
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(SignedHead::try_from).collect()
}
