//! The intervals of persons.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::PersonKey;
use usher_rating::interval::{End, Interval};
use usher_rating::{Calendar, Stay};
use usher_seats::SeatClass;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::error::BillingError;
use crate::ledger::model::interval_filter::IntervalFilter;
use crate::ledger::model::set_back::SetBack;
use crate::sql::{allow_sorts, corrupt};

#[derive(FromRow)]
struct IntervalRow {
    person_key: Uuid,
    open_sequence: i64,
    class: SeatClass,
    start_at: Time,
    end_at: Option<Time>,
    close_sequence: Option<i64>,
    start_cause: String,
    end_cause: Option<String>,
}

impl TryFrom<IntervalRow> for Interval {
    type Error = BillingError;

    fn try_from(row: IntervalRow) -> Result<Self, BillingError> {
        let end = match row.end_at {
            Some(at) => Some(End {
                at: at.0,
                sequence: row.close_sequence.ok_or_else(|| corrupt("intervals", "close_sequence"))?,
                cause: row.end_cause.ok_or_else(|| corrupt("intervals", "end_cause"))?,
            }),
            None => None,
        };
        Ok(Self {
            person: PersonKey::from_uuid(row.person_key),
            class: row.class,
            start: row.start_at.0,
            open_sequence: row.open_sequence,
            start_cause: row.start_cause,
            end,
        })
    }
}

/// Returns the open intervals of some persons.
pub(crate) async fn open(tx: &mut TenantTx, persons: &[PersonKey]) -> Result<Vec<Interval>, BillingError> {
    let keys: Vec<Uuid> = persons.iter().map(|person| person.as_uuid()).collect();
    let rows: Vec<IntervalRow> = sqlx::query_as(
        // One index probe per person, however many there are: OFFSET prevents a plan that reads all persons.
        "SELECT i.* FROM unnest($2::uuid[]) p (key) CROSS JOIN LATERAL (
           SELECT * FROM intervals WHERE tenant_id = $1 AND person_key = p.key AND end_at IS NULL OFFSET 0) i",
    )
    .bind(tx.tenant())
    .bind(keys)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Interval::try_from).collect()
}

/// The columns of an interval as of a number: a later end is hidden.
const AS_OF: &str = "person_key, open_sequence, class, start_at, start_cause,
  CASE WHEN close_sequence <= $2 THEN end_at END AS end_at,
  CASE WHEN close_sequence <= $2 THEN close_sequence END AS close_sequence,
  CASE WHEN close_sequence <= $2 THEN end_cause END AS end_cause";

/// Returns all intervals, as of a number of the ledger.
pub(crate) async fn as_of(tx: &mut TenantTx, sequence: i64) -> Result<Vec<Interval>, BillingError> {
    let sql = format!("SELECT {AS_OF} FROM intervals WHERE tenant_id = $1 AND open_sequence <= $2");
    let rows: Vec<IntervalRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(sequence)
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Interval::try_from).collect()
}

/// Returns the intervals of some persons, as of a number of the ledger.
pub(crate) async fn of_persons(
    tx: &mut TenantTx,
    sequence: i64,
    persons: &[PersonKey],
) -> Result<Vec<Interval>, BillingError> {
    let keys: Vec<Uuid> = persons.iter().map(|person| person.as_uuid()).collect();
    let sql = format!(
        // One index probe per person, however many there are: OFFSET prevents a plan that reads all persons.
        "SELECT i.* FROM unnest($3::uuid[]) p (key) CROSS JOIN LATERAL (
           SELECT {AS_OF} FROM intervals WHERE tenant_id = $1 AND person_key = p.key AND open_sequence <= $2 OFFSET 0) i"
    );
    let rows: Vec<IntervalRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(sequence)
        .bind(keys)
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Interval::try_from).collect()
}

/// Returns the intervals that begin or end within a period, as of a number of the ledger.
pub(crate) async fn bounded_within(
    tx: &mut TenantTx,
    sequence: i64,
    calendar: &Calendar,
) -> Result<Vec<Interval>, BillingError> {
    let sql = format!(
        "SELECT {AS_OF} FROM intervals WHERE tenant_id = $1 AND open_sequence <= $2
           AND (start_at >= $3 AND start_at < $4 OR end_at >= $3 AND end_at < $4)"
    );
    let rows: Vec<IntervalRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(sequence)
        .bind(instant(calendar.open())?)
        .bind(instant(calendar.close())?)
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Interval::try_from).collect()
}

/// Returns the intervals that were open at an instant, as of a number of the ledger.
pub(crate) async fn open_at(
    tx: &mut TenantTx,
    sequence: i64,
    micros: i64,
) -> Result<Vec<Interval>, BillingError> {
    let sql = format!(
        "SELECT {AS_OF} FROM intervals WHERE tenant_id = $1 AND open_sequence <= $2 AND start_at <= $3
           AND (coalesce(end_at, 'infinity') > $3 OR close_sequence > $2)"
    );
    let rows: Vec<IntervalRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(sequence)
        .bind(instant(micros)?)
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Interval::try_from).collect()
}

/// Writes new and closed intervals, in the given order: a person's earlier interval must end before the later one
/// begins, or the database refuses it.
pub(crate) async fn save(tx: &mut TenantTx, intervals: &[Interval]) -> Result<(), BillingError> {
    if intervals.is_empty() {
        return Ok(());
    }
    let ends = || intervals.iter().map(|interval| interval.end.as_ref());
    sqlx::query(
        "INSERT INTO intervals (tenant_id, person_key, open_sequence, class, start_at, end_at, close_sequence,
           start_cause, end_cause)
         SELECT $1, i.* FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[],
           $7::bigint[], $8::text[], $9::text[])
           AS i (person_key, open_sequence, class, start_at, end_at, close_sequence, start_cause, end_cause)
         ON CONFLICT (tenant_id, person_key, open_sequence) DO UPDATE SET
           end_at = excluded.end_at, close_sequence = excluded.close_sequence, end_cause = excluded.end_cause",
    )
    .bind(tx.tenant())
    .bind(intervals.iter().map(|interval| interval.person.as_uuid()).collect::<Vec<_>>())
    .bind(intervals.iter().map(|interval| interval.open_sequence).collect::<Vec<_>>())
    .bind(intervals.iter().map(|interval| interval.class).collect::<Vec<_>>())
    .bind(intervals.iter().map(|interval| Time(interval.start)).collect::<Vec<_>>())
    .bind(ends().map(|end| end.map(|end| Time(end.at))).collect::<Vec<_>>())
    .bind(ends().map(|end| end.map(|end| end.sequence)).collect::<Vec<_>>())
    .bind(intervals.iter().map(|interval| interval.start_cause.clone()).collect::<Vec<_>>())
    .bind(ends().map(|end| end.map(|end| end.cause.clone())).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Moves the ends of intervals whose facts are set back. Intervals that only end in that range come first, because
/// the others begin where these end.
pub(crate) async fn set_back(tx: &mut TenantTx, back: &SetBack) -> Result<(), BillingError> {
    for begin in ["open_sequence < $3", "open_sequence >= $3"] {
        let sql = format!(
            "UPDATE intervals SET
               start_at = CASE WHEN open_sequence BETWEEN $3 AND $4
                 THEN $2 + (open_sequence - $3) * interval '1 microsecond' ELSE start_at END,
               end_at = CASE WHEN close_sequence BETWEEN $3 AND $4
                 THEN $2 + (close_sequence - $3) * interval '1 microsecond' ELSE end_at END
             WHERE tenant_id = $1 AND {begin} AND (open_sequence BETWEEN $3 AND $4 OR close_sequence BETWEEN $3 AND $4)"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tx.tenant())
            .bind(Time(back.to))
            .bind(back.from_sequence)
            .bind(back.until_sequence)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

const STAYS: &str =
    "SELECT person_key, class, start_at, CASE WHEN close_sequence <= $2 THEN end_at END AS end_at FROM intervals
  WHERE tenant_id = $1 AND open_sequence <= $2 AND start_at < $4
    AND (coalesce(end_at, 'infinity') > $3 OR close_sequence > $2)";

type StayRow = (Uuid, SeatClass, Time, Option<Time>);

fn stay((person, class, start, end): StayRow) -> Stay<PersonKey> {
    Stay {
        person: PersonKey::from_uuid(person),
        class: class.index(),
        start: start.0.as_microsecond(),
        end: end.map(|end| end.0.as_microsecond()),
    }
}

/// Returns when some persons were billable from an instant to before another, as of a number of the ledger.
pub(crate) async fn stays_of(
    tx: &mut TenantTx,
    sequence: i64,
    span: (i64, i64),
    persons: &BTreeSet<PersonKey>,
) -> Result<Vec<Stay<PersonKey>>, BillingError> {
    if persons.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT s.* FROM unnest($5::uuid[]) p (key) CROSS JOIN LATERAL ({STAYS} AND person_key = p.key OFFSET 0) s"
    );
    let rows: Vec<StayRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(sequence)
        .bind(instant(span.0)?)
        .bind(instant(span.1)?)
        .bind(persons.iter().map(|person| person.as_uuid()).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(stay).collect())
}

/// Same as [`stays_of`], for all persons, ordered by person.
pub(crate) async fn each_stay(
    tx: &mut TenantTx,
    sequence: i64,
    span: (i64, i64),
    mut visit: impl FnMut(Stay<PersonKey>),
) -> Result<(), BillingError> {
    let tenant = tx.tenant();
    let sql = format!("{STAYS} ORDER BY person_key, open_sequence");
    let mut rows = sqlx::query_as::<_, StayRow>(sqlx::AssertSqlSafe(sql))
        .bind(tenant)
        .bind(sequence)
        .bind(instant(span.0)?)
        .bind(instant(span.1)?)
        .fetch(tx.conn());
    while let Some(row) = rows.try_next().await? {
        visit(stay(row));
    }
    Ok(())
}

pub(crate) fn instant(micros: i64) -> Result<Time, BillingError> {
    Timestamp::from_microsecond(micros)
        .map(Time)
        .map_err(|_| BillingError::Stored("an instant out of range".to_owned()))
}

/// Returns a page of intervals by person and number, as of a number of the ledger.
pub(crate) async fn page(
    tx: &mut TenantTx,
    sequence: i64,
    filter: &IntervalFilter,
    after: (PersonKey, i64),
    most: u32,
) -> Result<Vec<Interval>, BillingError> {
    // A plan for all filters would not use the index on the person.
    let person = if filter.person.is_some() { "person_key = $5" } else { "$5::uuid IS NULL" };
    let sql = format!(
        "SELECT {AS_OF} FROM intervals
         WHERE tenant_id = $1 AND open_sequence <= $2 AND (person_key, open_sequence) > ($3, $4)
           AND {person} AND ($6::text IS NULL OR class = $6)
           AND (NOT $7 OR close_sequence IS NULL OR close_sequence > $2)
           AND ($8::timestamptz IS NULL OR coalesce(end_at, 'infinity') > $8 OR close_sequence > $2)
           AND ($9::timestamptz IS NULL OR start_at < $9)
         ORDER BY person_key, open_sequence LIMIT $10"
    );
    allow_sorts(tx, false).await?;
    let rows: Vec<IntervalRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(sequence)
        .bind(after.0.as_uuid())
        .bind(after.1)
        .bind(filter.person.map(PersonKey::as_uuid))
        .bind(filter.class)
        .bind(filter.open_only)
        .bind(filter.overlap.0.map(Time))
        .bind(filter.overlap.1.map(Time))
        .bind(i64::from(most))
        .fetch_all(tx.conn())
        .await?;
    allow_sorts(tx, true).await?;
    rows.into_iter().map(Interval::try_from).collect()
}
