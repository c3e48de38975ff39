//! The tables of credit notes.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::EventId;
use usher_seats::{LineKind, SeatClass};
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::record;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::invoicing::model::credit_note::{CreditLine, CreditNote};
use crate::sql::{currency, date};

/// A row: a line with its note.
#[derive(FromRow)]
struct Row {
    note_id: Uuid,
    ordinal: i64,
    booked_ordinal: i64,
    booked_date: String,
    reason: String,
    author: String,
    request_id: String,
    issued_at: Time,
    line_no: i32,
    kind: LineKind,
    class: Option<SeatClass>,
    origin_ordinal: i64,
    amount_minor: i64,
    currency: String,
    exponent: i16,
}

const SELECT: &str = "SELECT n.note_id, n.ordinal, n.booked_ordinal,
    to_char(n.booked_date, 'YYYY-MM-DD') AS booked_date, n.reason, n.author, n.request_id, n.issued_at,
    l.line_no, l.kind, l.class, l.origin_ordinal, l.amount_minor, o.currency, o.exponent
  FROM credit_notes n JOIN credit_note_lines l ON l.tenant_id = n.tenant_id AND l.note_id = n.note_id
  JOIN closes o ON o.tenant_id = l.tenant_id AND o.ordinal = l.origin_ordinal
  WHERE n.tenant_id = $1 AND l.tenant_id = $1 AND o.tenant_id = $1";
const ORDER: &str = "ORDER BY n.issued_at, n.note_id, l.position";

fn notes(rows: Vec<Row>) -> Result<Vec<CreditNote>, BillingError> {
    let mut notes: Vec<CreditNote> = Vec::new();
    for row in rows {
        let line = CreditLine {
            line_no: row.line_no,
            kind: row.kind,
            class: row.class,
            origin: row.origin_ordinal,
            amount_minor: row.amount_minor,
        };
        let id = EventId::from_uuid(row.note_id);
        if let Some(note) = notes.last_mut().filter(|note| note.id == id) {
            note.lines.push(line);
        } else {
            notes.push(CreditNote {
                id,
                ordinal: row.ordinal,
                booked_ordinal: row.booked_ordinal,
                booked: date("credit_notes", "booked_date", &row.booked_date)?,
                reason: row.reason,
                author: row.author,
                request_id: row.request_id,
                issued_at: row.issued_at.0,
                currency: currency("closes", row.currency, row.exponent)?,
                lines: vec![line],
            });
        }
    }
    Ok(notes)
}

/// Returns the note with an id.
pub(crate) async fn find(tx: &mut TenantTx, id: EventId) -> Result<Option<CreditNote>, BillingError> {
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} AND n.note_id = $2 {ORDER}")))
        .bind(tx.tenant())
        .bind(id.as_uuid())
        .fetch_all(tx.conn())
        .await?;
    Ok(notes(rows)?.pop())
}

/// Returns the notes about a closed period that were issued by a time, in order.
pub(crate) async fn about(
    tx: &mut TenantTx,
    ordinal: i64,
    known_at: Timestamp,
) -> Result<Vec<CreditNote>, BillingError> {
    let sql = format!("{SELECT} AND n.ordinal = $2 AND n.issued_at <= $3 {ORDER}");
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(ordinal)
        .bind(Time(known_at))
        .fetch_all(tx.conn())
        .await?;
    notes(rows)
}

/// Returns all notes that were issued by a time, in order.
pub(crate) async fn known(tx: &mut TenantTx, at: Timestamp) -> Result<Vec<CreditNote>, BillingError> {
    let sql = format!("{SELECT} AND n.issued_at <= $2 {ORDER}");
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(Time(at))
        .fetch_all(tx.conn())
        .await?;
    notes(rows)
}

/// Returns when the last note that a period books was issued.
pub(crate) async fn last_issued(tx: &mut TenantTx, ordinal: i64) -> Result<Option<Timestamp>, BillingError> {
    let found: Option<Time> = sqlx::query_scalar(
        "SELECT max(issued_at) FROM credit_notes WHERE tenant_id = $1 AND booked_ordinal = $2",
    )
    .bind(tx.tenant())
    .bind(ordinal)
    .fetch_one(tx.conn())
    .await?;
    Ok(found.map(|at| at.0))
}

/// Returns the credited amount of each closed period by a time, in its own currency, by the period's number.
pub(crate) async fn totals(
    tx: &mut TenantTx,
    known_at: Timestamp,
) -> Result<HashMap<i64, i64>, BillingError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT n.ordinal, sum(l.amount_minor)::bigint
         FROM credit_notes n JOIN credit_note_lines l ON l.tenant_id = n.tenant_id AND l.note_id = n.note_id
         JOIN closes c ON c.tenant_id = n.tenant_id AND c.ordinal = n.ordinal
         JOIN closes o ON o.tenant_id = l.tenant_id AND o.ordinal = l.origin_ordinal
         WHERE n.tenant_id = $1 AND l.tenant_id = $1 AND c.tenant_id = $1 AND o.tenant_id = $1
           AND o.currency = c.currency AND n.issued_at <= $2
         GROUP BY n.ordinal",
    )
    .bind(tx.tenant())
    .bind(Time(known_at))
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().collect())
}

/// Returns the credited amount of each line of a closed period over all notes, by the line's number.
pub(crate) async fn credited(tx: &mut TenantTx, ordinal: i64) -> Result<HashMap<i32, i64>, BillingError> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        "SELECT l.line_no, sum(l.amount_minor)::bigint
         FROM credit_notes n JOIN credit_note_lines l ON l.tenant_id = n.tenant_id AND l.note_id = n.note_id
         WHERE n.tenant_id = $1 AND l.tenant_id = $1 AND n.ordinal = $2 GROUP BY l.line_no",
    )
    .bind(tx.tenant())
    .bind(ordinal)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().collect())
}

/// Inserts a note with its lines, and the postings that book it.
pub(crate) async fn insert(tx: &mut TenantTx, note: &CreditNote) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO credit_notes (tenant_id, note_id, ordinal, booked_ordinal, booked_date, reason, author, request_id, issued_at)
         VALUES ($1, $2, $3, $4, to_date($5, 'YYYY-MM-DD'), $6, $7, $8, $9)",
    )
    .bind(tx.tenant())
    .bind(note.id.as_uuid())
    .bind(note.ordinal)
    .bind(note.booked_ordinal)
    .bind(note.booked.to_string())
    .bind(&note.reason)
    .bind(&note.author)
    .bind(&note.request_id)
    .bind(Time(note.issued_at))
    .execute(tx.conn())
    .await?;
    let lines = &note.lines;
    sqlx::query(
        "INSERT INTO credit_note_lines (tenant_id, note_id, position, line_no, kind, class, origin_ordinal,
           amount_minor)
         SELECT $1, $2, l.* FROM unnest($3::int[], $4::int[], $5::text[], $6::text[], $7::bigint[], $8::bigint[]) l",
    )
    .bind(tx.tenant())
    .bind(note.id.as_uuid())
    .bind((1_i32..).zip(lines).map(|(position, _)| position).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.line_no).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.kind.as_str()).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.class.map(SeatClass::as_str)).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.origin).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.amount_minor).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    let postings = note.postings();
    sqlx::query(
        "INSERT INTO credit_note_postings (tenant_id, note_id, posting_no, account, amount_minor)
         SELECT $1, $2, p.* FROM unnest($3::int[], $4::text[], $5::bigint[]) p",
    )
    .bind(tx.tenant())
    .bind(note.id.as_uuid())
    .bind((1_i32..).zip(&postings).map(|(number, _)| number).collect::<Vec<_>>())
    .bind(postings.iter().map(|(account, _)| account.to_string()).collect::<Vec<_>>())
    .bind(postings.iter().map(|(_, amount)| *amount).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    let kinds = [record::Kind::CreditNote, record::Kind::CreditNoteLines, record::Kind::CreditNotePostings];
    records::append(tx, &kinds.map(|kind| (kind, note.id.to_string()))).await
}
