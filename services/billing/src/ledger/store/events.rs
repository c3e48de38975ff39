//! The states of users that identity sent.

use std::collections::HashMap;

use jiff::Timestamp;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::hash::GENESIS;
use crate::error::BillingError;
use crate::ledger::model::batch::{Applied, Entry};
use crate::ledger::model::event::SeatEvent;
use crate::ledger::store::intervals::instant;
use crate::sql::hash;

/// Inserts facts, in one statement.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    epoch: i64,
    recorded_at: Timestamp,
    entries: &[Entry<'_>],
) -> Result<(), BillingError> {
    let of =
        |field: fn(&SeatEvent) -> Uuid| entries.iter().map(|entry| field(entry.event)).collect::<Vec<_>>();
    let text = |field: fn(&SeatEvent) -> &str| {
        entries.iter().map(|entry| field(entry.event).to_owned()).collect::<Vec<_>>()
    };
    sqlx::query(
        "INSERT INTO events (tenant_id, sequence, epoch, source_sequence, kind, event_id, person_key, user_id, active,
           user_type, effective_at, recorded_at, cause, actor, request_id, hash)
         SELECT $1, e.sequence, $2, nullif(e.source_sequence, 0), 'state', e.event_id, e.person_key, e.user_id, e.active,
           e.user_type, e.effective_at, $3, e.cause, e.actor, e.request_id, e.hash
         FROM unnest($4::bigint[], $5::bigint[], $6::uuid[], $7::uuid[], $8::uuid[], $9::boolean[], $10::text[],
           $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::bytea[])
           AS e (sequence, source_sequence, event_id, person_key, user_id, active, user_type, effective_at, cause,
             actor, request_id, hash)",
    )
    .bind(tx.tenant())
    .bind(epoch)
    .bind(Time(recorded_at))
    .bind(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.event.sequence).collect::<Vec<_>>())
    .bind(of(|event| event.event_id.as_uuid()))
    .bind(of(|event| event.person.as_uuid()))
    .bind(of(|event| event.user.as_uuid()))
    .bind(entries.iter().map(|entry| entry.event.active).collect::<Vec<_>>())
    .bind(text(|event| event.class.user_type().as_str()))
    .bind(entries.iter().map(|entry| Time(entry.event.effective_at)).collect::<Vec<_>>())
    .bind(text(|event| &event.cause))
    .bind(text(|event| &event.actor))
    .bind(text(|event| &event.request_id))
    .bind(entries.iter().map(|entry| entry.hash.to_vec()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns applied events by the producer's number.
pub(crate) async fn applied(
    tx: &mut TenantTx,
    epoch: i64,
    first: i64,
    last: i64,
) -> Result<HashMap<i64, Applied>, BillingError> {
    type Row = (i64, i64, Time, Option<Vec<u8>>, Vec<u8>);
    let rows: Vec<Row> = sqlx::query_as(
        // Uses one index probe per number; a join may read the whole ledger.
        "SELECT e.source_sequence, e.sequence, e.recorded_at,
           (SELECT b.hash FROM events b WHERE b.tenant_id = $1 AND b.sequence = e.sequence - 1), e.hash
         FROM events e WHERE e.tenant_id = $1 AND e.epoch = $2 AND e.source_sequence BETWEEN $3 AND $4",
    )
    .bind(tx.tenant())
    .bind(epoch)
    .bind(first)
    .bind(last)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(source, sequence, at, before, own)| {
            let before = before.map_or(Ok(GENESIS), |before| hash("events", "hash", &before))?;
            Ok((source, Applied { sequence, at: at.0, before, hash: hash("events", "hash", &own)? }))
        })
        .collect()
}

/// Returns the producer's last number in an epoch before an instant, among the facts up to a number. Returns 0 if
/// there is none.
pub(crate) async fn last_before(
    tx: &mut TenantTx,
    epoch: i64,
    micros: i64,
    sequence: i64,
) -> Result<i64, BillingError> {
    let found: Option<i64> = sqlx::query_scalar(
        // `+ 0` prevents a plan on the primary key, which may read the whole ledger.
        "SELECT source_sequence FROM events
         WHERE tenant_id = $1 AND epoch = $2 AND source_sequence IS NOT NULL AND effective_at < $3 AND sequence + 0 <= $4
         ORDER BY source_sequence DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .bind(epoch)
    .bind(instant(micros)?)
    .bind(sequence)
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.unwrap_or(0))
}
