//! The heads and daily counts of closed periods.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_rating::{Calendar, DailyCount};
use usher_seats::SeatClass;
use usher_store::{TenantTx, Time};

use crate::error::BillingError;
use crate::invoicing::model::close::Close;
use crate::sql::{corrupt, currency, date, hash};

#[derive(FromRow)]
struct CloseRow {
    ordinal: i64,
    first_date: String,
    end_date: String,
    starts: Vec<i64>,
    time_zone: String,
    time_zone_database: String,
    currency: String,
    exponent: i16,
    sequence: i64,
    epoch: i64,
    acknowledged_sequence: i64,
    head_hash: Vec<u8>,
    stays_digest: Vec<u8>,
    total_minor: i64,
    credit_minor: i64,
    hash: Vec<u8>,
    closed_at: Time,
    closed_by: String,
    request_id: String,
}

impl TryFrom<CloseRow> for Close {
    type Error = BillingError;

    fn try_from(row: CloseRow) -> Result<Self, BillingError> {
        let (first, end) =
            (date("closes", "first_date", &row.first_date)?, date("closes", "end_date", &row.end_date)?);
        Ok(Self {
            ordinal: row.ordinal,
            first,
            end,
            calendar: Calendar::recorded(first, end, row.starts).map_err(|_| corrupt("closes", "starts"))?,
            time_zone: row.time_zone,
            time_zone_database: row.time_zone_database,
            currency: currency("closes", row.currency, row.exponent)?,
            sequence: row.sequence,
            epoch: row.epoch,
            acknowledged_sequence: row.acknowledged_sequence,
            head_hash: hash("closes", "head_hash", &row.head_hash)?,
            stays_digest: hash("closes", "stays_digest", &row.stays_digest)?,
            total_minor: row.total_minor,
            credit_minor: row.credit_minor,
            hash: hash("closes", "hash", &row.hash)?,
            closed_at: row.closed_at.0,
            closed_by: row.closed_by,
            request_id: row.request_id,
        })
    }
}

const COLUMNS: &str = "ordinal, to_char(first_date, 'YYYY-MM-DD') AS first_date, to_char(end_date, 'YYYY-MM-DD') AS end_date,
  starts, time_zone, time_zone_database, currency, exponent, sequence, epoch, acknowledged_sequence, head_hash,
  stays_digest, total_minor, credit_minor, hash, closed_at, closed_by, request_id";

/// Returns the period directly before a period, if it was closed by a time.
pub(crate) async fn before(
    tx: &mut TenantTx,
    ordinal: i64,
    known_at: Timestamp,
) -> Result<Option<Close>, BillingError> {
    Ok(find(tx, ordinal - 1).await?.filter(|close| close.closed_at <= known_at))
}

/// Returns all closed periods, oldest first.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<Close>, BillingError> {
    let sql = format!("SELECT {COLUMNS} FROM closes WHERE tenant_id = $1 ORDER BY ordinal");
    let rows: Vec<CloseRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.tenant()).fetch_all(tx.conn()).await?;
    rows.into_iter().map(Close::try_from).collect()
}

/// Returns the closed period with a number.
pub(crate) async fn find(tx: &mut TenantTx, ordinal: i64) -> Result<Option<Close>, BillingError> {
    let sql = format!("SELECT {COLUMNS} FROM closes WHERE tenant_id = $1 AND ordinal = $2");
    let row: Option<CloseRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(ordinal)
        .fetch_optional(tx.conn())
        .await?;
    row.map(Close::try_from).transpose()
}

/// Inserts the head. Returns false if the period is already closed.
pub(crate) async fn insert(tx: &mut TenantTx, close: &Close) -> Result<bool, BillingError> {
    let starts: Vec<i64> = (0..=close.calendar.len()).map(|index| close.calendar.start(index)).collect();
    let done = sqlx::query(
        "INSERT INTO closes (tenant_id, ordinal, first_date, end_date, starts, time_zone, time_zone_database, currency,
           exponent, sequence, epoch, acknowledged_sequence, head_hash, stays_digest, total_minor, credit_minor, hash,
           closed_at, closed_by, request_id)
         VALUES ($1, $2, to_date($3, 'YYYY-MM-DD'), to_date($4, 'YYYY-MM-DD'), $5, $6, $7, $8, $9, $10, $11, $12, $13,
           $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT (tenant_id, ordinal) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(close.ordinal)
    .bind(close.first.to_string())
    .bind(close.end.to_string())
    .bind(starts)
    .bind(&close.time_zone)
    .bind(&close.time_zone_database)
    .bind(&close.currency.code)
    .bind(i16::try_from(close.currency.exponent).unwrap_or_default())
    .bind(close.sequence)
    .bind(close.epoch)
    .bind(close.acknowledged_sequence)
    .bind(close.head_hash.to_vec())
    .bind(close.stays_digest.to_vec())
    .bind(close.total_minor)
    .bind(close.credit_minor)
    .bind(close.hash.to_vec())
    .bind(Time(close.closed_at))
    .bind(&close.closed_by)
    .bind(&close.request_id)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Inserts the daily counts.
pub(crate) async fn insert_days(
    tx: &mut TenantTx,
    close: &Close,
    counts: &[Vec<DailyCount>],
) -> Result<(), BillingError> {
    let cells = || {
        SeatClass::BY_RANK.into_iter().flat_map(|class| {
            close
                .calendar
                .dates()
                .iter()
                .zip(&counts[class.index()])
                .map(move |(day, count)| (class, *day, *count))
        })
    };
    let number =
        |field: fn(&DailyCount) -> i64| cells().map(|(_, _, count)| field(&count)).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO close_days (tenant_id, ordinal, day, class, seat_days, closing, peak)
         SELECT $1, $2, to_date(d.day, 'YYYY-MM-DD'), d.class, d.seat_days, d.closing, d.peak
         FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
           AS d (day, class, seat_days, closing, peak)",
    )
    .bind(tx.tenant())
    .bind(close.ordinal)
    .bind(cells().map(|(_, day, _)| day.to_string()).collect::<Vec<_>>())
    .bind(cells().map(|(class, _, _)| class).collect::<Vec<_>>())
    .bind(number(|count| count.seat_days))
    .bind(number(|count| count.closing))
    .bind(number(|count| count.peak))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the daily counts at the close, by class, then date.
pub(crate) async fn days(tx: &mut TenantTx, close: &Close) -> Result<Vec<Vec<DailyCount>>, BillingError> {
    let rows: Vec<(SeatClass, i64, i64, i64)> = sqlx::query_as(
        "SELECT class, seat_days, closing, peak FROM close_days WHERE tenant_id = $1 AND ordinal = $2 ORDER BY class, day",
    )
    .bind(tx.tenant())
    .bind(close.ordinal)
    .fetch_all(tx.conn())
    .await?;
    let mut counts = vec![Vec::new(); SeatClass::COUNT];
    for (class, seat_days, closing, peak) in rows {
        counts[class.index()].push(DailyCount { seat_days, closing, peak });
    }
    Ok(counts)
}
