use std::cmp::Reverse;

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::PriceId;
use usher_seats::{CountingMode, SeatClass};
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::sql::{LATEST, date};
use crate::terms::model::price_version::{PriceVersion, UnitPrice};

#[derive(FromRow)]
struct PriceRow {
    price_id: Uuid,
    class: SeatClass,
    unit_price_micros: i64,
    valid_from: String,
    mode: CountingMode,
    included: i64,
    floor: i64,
    withdrawn: bool,
}

impl TryFrom<PriceRow> for PriceVersion {
    type Error = BillingError;

    fn try_from(row: PriceRow) -> Result<Self, BillingError> {
        Ok(Self {
            id: PriceId::from_uuid(row.price_id),
            class: row.class,
            unit_price: UnitPrice::from_micros(row.unit_price_micros),
            valid_from: date("price_versions", "valid_from", &row.valid_from)?,
            mode: row.mode,
            included: row.included,
            floor: row.floor,
        })
    }
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    version: &PriceVersion,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO price_versions (tenant_id, class, valid_from, price_id, unit_price_micros, created_at, created_by,
           mode, included, floor)
         VALUES ($1, $2, to_date($3, 'YYYY-MM-DD'), $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(tx.tenant())
    .bind(version.class.as_str())
    .bind(version.valid_from.to_string())
    .bind(version.id.as_uuid())
    .bind(version.unit_price.micros())
    .bind(Time(now))
    .bind(by)
    .bind(version.mode.as_str())
    .bind(version.included)
    .bind(version.floor)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Price, version.id.to_string())]).await
}

/// Returns a version, and whether it was withdrawn.
pub(crate) async fn find(
    tx: &mut TenantTx,
    id: PriceId,
) -> Result<Option<(PriceVersion, bool)>, BillingError> {
    let row: Option<PriceRow> = sqlx::query_as(
        "SELECT price_id, class, unit_price_micros, to_char(valid_from, 'YYYY-MM-DD') AS valid_from, mode, included,
           floor, withdrawn_at IS NOT NULL AS withdrawn
         FROM price_versions WHERE tenant_id = $1 AND price_id = $2",
    )
    .bind(tx.tenant())
    .bind(id.as_uuid())
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let withdrawn = row.withdrawn;
    Ok(Some((row.try_into()?, withdrawn)))
}

/// Marks a version as withdrawn.
pub(crate) async fn withdraw(
    tx: &mut TenantTx,
    id: PriceId,
    now: Timestamp,
    by: &str,
) -> Result<(), BillingError> {
    sqlx::query(
        "UPDATE price_versions SET withdrawn_at = $3, withdrawn_by = $4 WHERE tenant_id = $1 AND price_id = $2",
    )
    .bind(tx.tenant())
    .bind(id.as_uuid())
    .bind(Time(now))
    .bind(by)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::Price, id.to_string())]).await
}

/// Returns all versions that are not withdrawn, by rank of class and date.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<PriceVersion>, BillingError> {
    known(tx, LATEST).await
}

/// Returns the versions as of a time, by rank of class and date.
pub(crate) async fn known(tx: &mut TenantTx, at: Timestamp) -> Result<Vec<PriceVersion>, BillingError> {
    let rows: Vec<PriceRow> = sqlx::query_as(
        "SELECT price_id, class, unit_price_micros, to_char(valid_from, 'YYYY-MM-DD') AS valid_from, mode, included,
           floor, withdrawn_at IS NOT NULL AS withdrawn
         FROM price_versions WHERE tenant_id = $1 AND created_at <= $2 AND coalesce(withdrawn_at > $2, true)",
    )
    .bind(tx.tenant())
    .bind(Time(at.min(LATEST)))
    .fetch_all(tx.conn())
    .await?;
    let mut versions = rows.into_iter().map(PriceVersion::try_from).collect::<Result<Vec<_>, _>>()?;
    versions.sort_by_key(|version| (Reverse(version.class), version.valid_from));
    Ok(versions)
}
