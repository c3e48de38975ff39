//! Price versions.

use std::cmp::Reverse;

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::PriceId;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use super::class;
use crate::error::BillingError;
use crate::price::{PriceVersion, UnitPrice};

#[derive(FromRow)]
struct PriceRow {
    price_id: Uuid,
    class: String,
    unit_price_micros: i64,
    valid_from: String,
}

impl TryFrom<PriceRow> for PriceVersion {
    type Error = BillingError;

    fn try_from(row: PriceRow) -> Result<Self, BillingError> {
        Ok(Self {
            id: PriceId::from_uuid(row.price_id),
            class: class(&row.class)?,
            unit_price: UnitPrice::from_micros(row.unit_price_micros),
            valid_from: row
                .valid_from
                .parse()
                .map_err(|_| BillingError::Stored(format!("the date {}", row.valid_from)))?,
        })
    }
}

/// Adds a version; says false if there is one of the same class and date.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    version: &PriceVersion,
    now: Timestamp,
    by: &str,
) -> Result<bool, BillingError> {
    let done = sqlx::query(
        "INSERT INTO price_versions (tenant_id, class, valid_from, price_id, unit_price_micros, created_at, created_by)
         VALUES ($1, $2, to_date($3, 'YYYY-MM-DD'), $4, $5, $6, $7)
         ON CONFLICT (tenant_id, class, valid_from) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(version.class.as_str())
    .bind(version.valid_from.to_string())
    .bind(version.id.as_uuid())
    .bind(version.unit_price.micros())
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// All versions, by rank of class and date.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<PriceVersion>, BillingError> {
    let rows: Vec<PriceRow> = sqlx::query_as(
        "SELECT price_id, class, unit_price_micros, to_char(valid_from, 'YYYY-MM-DD') AS valid_from
         FROM price_versions WHERE tenant_id = $1",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    let mut versions = rows.into_iter().map(PriceVersion::try_from).collect::<Result<Vec<_>, _>>()?;
    versions.sort_by_key(|version| (Reverse(version.class), version.valid_from));
    Ok(versions)
}
