//! Closed periods.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use num_bigint::BigInt;
use num_rational::BigRational;
use sqlx::FromRow;
use usher_store::{TenantTx, Time};

use super::{LATEST, class, date, hash};
use crate::class::SeatClass;
use crate::currency::Currency;
use crate::error::BillingError;
use crate::event::Hash;
use crate::invoice::{InvoiceLine, Kind};
use crate::rating::{Calendar, DailyCount, Mode};

/// A closed period's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) ordinal: i64,
    pub(crate) first: Date,
    pub(crate) end: Date,
    pub(crate) calendar: Calendar,
    pub(crate) time_zone: String,
    pub(crate) time_zone_database: String,
    pub(crate) currency: Currency,
    pub(crate) sequence: i64,
    pub(crate) epoch: i64,
    pub(crate) acknowledged_sequence: i64,
    pub(crate) head_hash: Hash,
    pub(crate) stays_digest: Hash,
    pub(crate) total_minor: i64,
    pub(crate) credit_minor: i64,
    pub(crate) hash: Hash,
    pub(crate) closed_at: Timestamp,
    pub(crate) closed_by: String,
    pub(crate) request_id: String,
}

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
        let (first, end) = (date(&row.first_date)?, date(&row.end_date)?);
        Ok(Self {
            ordinal: row.ordinal,
            first,
            end,
            calendar: Calendar::recorded(first, end, row.starts)
                .map_err(|error| BillingError::Stored(error.to_string()))?,
            time_zone: row.time_zone,
            time_zone_database: row.time_zone_database,
            currency: Currency {
                code: row.currency,
                exponent: u32::try_from(row.exponent).unwrap_or_default(),
            },
            sequence: row.sequence,
            epoch: row.epoch,
            acknowledged_sequence: row.acknowledged_sequence,
            head_hash: hash(&row.head_hash)?,
            stays_digest: hash(&row.stays_digest)?,
            total_minor: row.total_minor,
            credit_minor: row.credit_minor,
            hash: hash(&row.hash)?,
            closed_at: row.closed_at.0,
            closed_by: row.closed_by,
            request_id: row.request_id,
        })
    }
}

const COLUMNS: &str = "ordinal, to_char(first_date, 'YYYY-MM-DD') AS first_date, to_char(end_date, 'YYYY-MM-DD') AS end_date,
  starts, time_zone, time_zone_database, currency, exponent, sequence, epoch, acknowledged_sequence, head_hash,
  stays_digest, total_minor, credit_minor, hash, closed_at, closed_by, request_id";

/// The last one.
pub(crate) async fn last(tx: &mut TenantTx) -> Result<Option<Close>, BillingError> {
    let sql = format!("SELECT {COLUMNS} FROM closes WHERE tenant_id = $1 ORDER BY ordinal DESC LIMIT 1");
    let row: Option<CloseRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.tenant()).fetch_optional(tx.conn()).await?;
    row.map(Close::try_from).transpose()
}

/// The one right before a period, if it was closed by a time.
pub(crate) async fn before(
    tx: &mut TenantTx,
    ordinal: i64,
    known_at: Timestamp,
) -> Result<Option<Close>, BillingError> {
    Ok(find(tx, ordinal - 1).await?.filter(|close| close.closed_at <= known_at))
}

/// All, oldest first.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<Close>, BillingError> {
    let sql = format!("SELECT {COLUMNS} FROM closes WHERE tenant_id = $1 ORDER BY ordinal");
    let rows: Vec<CloseRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.tenant()).fetch_all(tx.conn()).await?;
    rows.into_iter().map(Close::try_from).collect()
}

/// The one of a number.
pub(crate) async fn find(tx: &mut TenantTx, ordinal: i64) -> Result<Option<Close>, BillingError> {
    let sql = format!("SELECT {COLUMNS} FROM closes WHERE tenant_id = $1 AND ordinal = $2");
    let row: Option<CloseRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(ordinal)
        .fetch_optional(tx.conn())
        .await?;
    row.map(Close::try_from).transpose()
}

/// Writes the head; says false if the period is closed already.
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

/// Writes the daily counts.
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
    .bind(cells().map(|(class, _, _)| class.as_str().to_owned()).collect::<Vec<_>>())
    .bind(number(|count| count.seat_days))
    .bind(number(|count| count.closing))
    .bind(number(|count| count.peak))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes the lines, and the postings that book them.
pub(crate) async fn insert_lines(
    tx: &mut TenantTx,
    ordinal: i64,
    lines: &[InvoiceLine],
    postings: &[(String, i64)],
) -> Result<(), BillingError> {
    for (number, line) in (1_i32..).zip(lines) {
        sqlx::query(
            "INSERT INTO close_lines (tenant_id, ordinal, line_no, kind, class, origin_ordinal, mode, price_versions,
               unit_prices, seat_days, exact_num, exact_den, amount_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(tx.tenant())
        .bind(ordinal)
        .bind(number)
        .bind(line.kind.as_str())
        .bind(line.class.map(SeatClass::as_str))
        .bind(line.origin)
        .bind(line.mode.map(Mode::as_str))
        .bind(line.price_versions.join(" "))
        .bind(line.unit_prices.join(" "))
        .bind(line.seat_days)
        .bind(line.exact.numer().to_string())
        .bind(line.exact.denom().to_string())
        .bind(line.amount_minor)
        .execute(tx.conn())
        .await?;
    }
    sqlx::query(
        "INSERT INTO postings (tenant_id, ordinal, posting_no, account, amount_minor)
         SELECT $1, $2, p.number, p.account, p.amount
         FROM unnest($3::int[], $4::text[], $5::bigint[]) AS p (number, account, amount)",
    )
    .bind(tx.tenant())
    .bind(ordinal)
    .bind((1_i32..).zip(postings).map(|(number, _)| number).collect::<Vec<_>>())
    .bind(postings.iter().map(|(account, _)| account.clone()).collect::<Vec<_>>())
    .bind(postings.iter().map(|(_, amount)| *amount).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct LineRow {
    kind: String,
    class: Option<String>,
    origin_ordinal: i64,
    mode: Option<String>,
    price_versions: String,
    unit_prices: String,
    seat_days: i64,
    exact_num: String,
    exact_den: String,
    amount_minor: i64,
}

impl TryFrom<LineRow> for InvoiceLine {
    type Error = BillingError;

    fn try_from(row: LineRow) -> Result<Self, BillingError> {
        let unread = |what: &str| BillingError::Stored(format!("a line's {what}"));
        let number = |text: &str| text.parse::<BigInt>().map_err(|_| unread("fraction"));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Ok(Self {
            kind: Kind::from_name(&row.kind).ok_or_else(|| unread("kind"))?,
            class: row.class.as_deref().map(class).transpose()?,
            origin: row.origin_ordinal,
            mode: row.mode.map(|mode| mode.parse().map_err(|_| unread("mode"))).transpose()?,
            price_versions: words(&row.price_versions),
            unit_prices: words(&row.unit_prices),
            seat_days: row.seat_days,
            exact: BigRational::new(number(&row.exact_num)?, number(&row.exact_den)?),
            amount_minor: row.amount_minor,
        })
    }
}

/// The lines of a closed period, in order.
pub(crate) async fn lines(tx: &mut TenantTx, ordinal: i64) -> Result<Vec<InvoiceLine>, BillingError> {
    let rows: Vec<LineRow> =
        sqlx::query_as("SELECT * FROM close_lines WHERE tenant_id = $1 AND ordinal = $2 ORDER BY line_no")
            .bind(tx.tenant())
            .bind(ordinal)
            .fetch_all(tx.conn())
            .await?;
    rows.into_iter().map(InvoiceLine::try_from).collect()
}

/// All that was billed about a period until a time, wherever it was booked before a period.
pub(crate) async fn lines_about(
    tx: &mut TenantTx,
    origin: i64,
    before: i64,
    known_at: Timestamp,
) -> Result<Vec<InvoiceLine>, BillingError> {
    let rows: Vec<LineRow> = sqlx::query_as(
        "SELECT l.* FROM close_lines l JOIN closes c ON c.tenant_id = l.tenant_id AND c.ordinal = l.ordinal
         WHERE l.tenant_id = $1 AND c.tenant_id = $1 AND l.origin_ordinal = $2 AND l.ordinal < $3 AND c.closed_at <= $4
         ORDER BY l.ordinal, l.line_no",
    )
    .bind(tx.tenant())
    .bind(origin)
    .bind(before)
    .bind(Time(known_at))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(InvoiceLine::try_from).collect()
}

/// The daily counts as they were closed: by class, then date.
pub(crate) async fn days(tx: &mut TenantTx, close: &Close) -> Result<Vec<Vec<DailyCount>>, BillingError> {
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT class, seat_days, closing, peak FROM close_days WHERE tenant_id = $1 AND ordinal = $2 ORDER BY class, day",
    )
    .bind(tx.tenant())
    .bind(close.ordinal)
    .fetch_all(tx.conn())
    .await?;
    let mut counts = vec![Vec::new(); SeatClass::COUNT];
    for (name, seat_days, closing, peak) in rows {
        counts[class(&name)?.index()].push(DailyCount { seat_days, closing, peak });
    }
    Ok(counts)
}

/// What the invoices of all periods before one left to carry forward, by currency, as it was known at a time:
/// the sum of their credit lines.
pub(crate) async fn credits(
    tx: &mut TenantTx,
    before: i64,
    known_at: Timestamp,
) -> Result<BTreeMap<Currency, i64>, BillingError> {
    let rows: Vec<(String, i16, i64)> = sqlx::query_as(
        "SELECT o.currency, o.exponent, sum(l.amount_minor)::bigint
         FROM close_lines l
         JOIN closes c ON c.tenant_id = l.tenant_id AND c.ordinal = l.ordinal
         JOIN closes o ON o.tenant_id = l.tenant_id AND o.ordinal = l.origin_ordinal
         WHERE l.tenant_id = $1 AND c.tenant_id = $1 AND o.tenant_id = $1 AND l.kind = 'credit' AND l.ordinal < $2
           AND c.closed_at <= $3
         GROUP BY o.currency, o.exponent",
    )
    .bind(tx.tenant())
    .bind(before)
    .bind(Time(known_at.min(LATEST)))
    .fetch_all(tx.conn())
    .await?;
    let credit = |(code, exponent, minor): (String, i16, i64)| {
        (Currency { code, exponent: u32::try_from(exponent).unwrap_or_default() }, minor)
    };
    Ok(rows.into_iter().map(credit).collect())
}
